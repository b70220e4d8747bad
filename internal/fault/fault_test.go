package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestInKeepsTheKind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		kind fault.Kind
		text string
	}{
		"fault":        {fault.New(fault.Forbidden, "no"), fault.Forbidden, "read x in wiki: forbidden: no"},
		"bare kind":    {fault.NotFound, fault.NotFound, "read x in wiki: not found"},
		"wrapped kind": {fmt.Errorf("page 2: %w", fault.Invalid), fault.Invalid, "read x in wiki: invalid: page 2: invalid"},
		"foreign":      {errors.New("broken pipe"), fault.Unavailable, "read x in wiki: unavailable: broken pipe"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := fault.In(tt.err, "wiki", "read", "x")
			if got := fault.KindOf(err); got != tt.kind {
				t.Errorf("kind %v, want %v", got, tt.kind)
			}
			if !errors.Is(err, fault.KindOf(err)) || err.Error() != tt.text {
				t.Errorf("got %q, want %q", err, tt.text)
			}
		})
	}
	if err := fault.In(nil, "wiki", "read", "x"); err != nil {
		t.Errorf("no error became %v", err)
	}
}
