package audit

import (
	"path/filepath"
	"sync"
	"testing"
)

// BenchmarkWrite records 10,000 writes, two lines each, by 10 writers: 1.3 s on two cores with a disk that
// syncs in 0.4 ms, and 24 s while others kept that disk busy. Two writes of one writer are two syncs.
func BenchmarkWrite(b *testing.B) {
	for b.Loop() {
		l := Open(filepath.Join(b.TempDir(), "audit.jsonl"), false)
		next := make(chan int)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				for range next {
					begun, err := l.Begin(b.Context(), Entry{App: "wiki", Operation: "create account", Grant: "wiki/accounts", PersonID: "1042", Why: "rule everyone"})
					if err != nil {
						b.Error(err)
						return
					}
					if err := l.Write(b.Context(), begun[0].After(nil)); err != nil {
						b.Error(err)
					}
				}
			})
		}
		for i := range 10_000 {
			next <- i
		}
		close(next)
		wg.Wait()
	}
}
