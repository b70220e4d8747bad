package provider_test

import (
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }
