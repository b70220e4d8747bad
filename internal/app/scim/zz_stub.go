package scim
import ("context"; "github.com/tenure-access/terraform-provider-tenure/internal/app")
func Profiles() []string { return []string{"generic"} }
func (*App) Check(ctx context.Context) error { return nil }
func (*App) Info() app.Info { return app.Info{} }
