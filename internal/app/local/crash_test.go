package local

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
)

// crashPath names the file to the process that is going to be killed.
const crashPath = "TENURE_TEST_LOCAL_CRASH_PATH"

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashPath); path != "" {
		createUntilKilled(path)
	}
	os.Exit(m.Run())
}

// createUntilKilled creates accounts without end and says of each when it was acknowledged.
func createUntilKilled(path string) {
	a, err := Open(Config{Path: path})
	if err != nil {
		panic(err)
	}
	var out sync.Mutex
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("p%d-w%d-%d", os.Getpid(), w, i)
				if _, err := a.CreateAccount(context.Background(), spec(name)); err != nil {
					panic(err)
				}
				out.Lock()
				fmt.Println(name)
				out.Unlock()
			}
		}()
	}
	select {}
}

// TestKilledWhileWriting kills writers at whatever point they happen to be: the file must be whole, and
// hold everything that was acknowledged.
func TestKilledWhileWriting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "wiki.json")
	acknowledged := map[string]bool{}
	for round := range 6 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), crashPath+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			acknowledged[lines.Text()] = true
			if n == 10+7*round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // killed

		a := openPath(t, path)
		held := map[string]bool{}
		for _, acc := range collect(t, a.Accounts(t.Context(), access.AccountFilter{})) {
			held[acc.UserName] = true
		}
		for name := range acknowledged {
			if !held[name] {
				t.Fatalf("round %d: %s was acknowledged and is lost", round, name)
			}
		}
		survivor := fmt.Sprintf("round-%d", round)
		if _, err := a.CreateAccount(t.Context(), spec(survivor)); err != nil {
			t.Fatalf("round %d: the next write: %v", round, err)
		}
		for _, name := range entries(t, filepath.Dir(path)) {
			if strings.HasSuffix(name, ".tmp") {
				t.Errorf("round %d: the next write left %s", round, name)
			}
		}
	}
	if len(acknowledged) < 60 {
		t.Errorf("only %d writes were acknowledged; the test did not test", len(acknowledged))
	}
}
