package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func add(id string) access.MemberChange { return access.MemberChange{Account: ref(id), Role: "member"} }

func remove(id string) access.MemberChange {
	return access.MemberChange{Account: ref(id), Remove: true}
}

func TestQueuedChangesShareRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake().withGroups(2, 0)
		f.delay = time.Second
		f.info.MaxMemberChanges = 40
		a := New(f, Options{Name: "wiki"})
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if err := a.ChangeMembers(t.Context(), "g000", []access.MemberChange{add(fmt.Sprintf("a%05d", i))})[0]; err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() { // another group does not wait
			began := time.Now()
			if err := a.ChangeMembers(t.Context(), "g001", []access.MemberChange{add("a00000")})[0]; err != nil || time.Since(began) != time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
		wg.Wait()
		// The first goes alone or with those that came before it was sent; the rest in two or three requests of at most 40.
		if n := len(f.sent("change members g000")); n < 3 || n > 4 {
			t.Errorf("%d requests for 100 members, 40 at a time", n)
		}
		if f.overlap || len(f.members["g000"]) != 100 {
			t.Errorf("overlapping requests: %v, members: %d", f.overlap, len(f.members["g000"]))
		}
	})
}

func TestOneCallIsSplitAndOrdered(t *testing.T) {
	t.Parallel()
	f := newFake().withGroups(1, 2)
	f.info.MaxMemberChanges = 2
	f.held["Design"] = map[string]access.Assignment{}
	a := New(f, Options{Name: "wiki", Protected: []string{"useroot@acme.com"}})
	errs := a.ChangeMembers(t.Context(), "g000", []access.MemberChange{
		remove("a00000"), add("x"), add("bad1"), remove("oot"), add("y"), remove("x"), remove("a00001"),
	})
	var kinds []fault.Kind
	for _, err := range errs {
		kinds = append(kinds, fault.KindOf(err))
	}
	if want := []fault.Kind{0, 0, fault.Invalid, fault.Protected, 0, 0, 0}; !slices.Equal(kinds, want) {
		t.Errorf("answers %v, want %v: %v", kinds, want, errs)
	}
	if msg := fmt.Sprint(errs[2]); !strings.HasPrefix(msg, "add userbad1@acme.com to group g000 in wiki: invalid") {
		t.Error(msg)
	}
	got := strings.ReplaceAll(strings.Join(f.sent(""), "; "), "change members g000 ", "")
	if want := "+x +bad1; +y; -a00000 -a00001; -x"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	f.forgetLog()
	errs = a.ChangeAssignees(t.Context(), "Design", []access.LicenseChange{
		{Account: ref("x"), License: "Full"}, {Account: ref("bad"), License: "Full"}, {Account: ref("y"), License: "Full", Remove: true},
	})
	if errs[0] != nil || fault.KindOf(errs[1]) != fault.LimitReached || errs[2] != nil {
		t.Error(errs)
	}
	got = strings.Join(f.sent(""), "; ")
	if want := "change licenses Design -y; change licenses Design +x +bad"; got != want {
		t.Errorf("sent %q, want %q", got, want) // seats are freed before they are taken
	}
	if errs := a.ChangeMembers(t.Context(), "g000", nil); errs != nil {
		t.Error(errs)
	}
}

func TestOutcomesAreRecordedAlongTheWay(t *testing.T) {
	t.Parallel()
	f := newFake().withGroups(1, 0)
	f.info.MaxMemberChanges = 0
	a := New(f, Options{Name: "wiki"})
	changes := make([]access.MemberChange, 250)
	for i := range changes {
		changes[i] = add(fmt.Sprintf("a%05d", i))
	}
	if err := errors.Join(a.ChangeMembers(t.Context(), "g000", changes)...); err != nil {
		t.Error(err)
	}
	f.wantSent(t, "change members", 3)
}

func TestCanceledWriters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake().withGroups(1, 0)
		f.delay = time.Minute
		a := New(f, Options{Name: "wiki"})
		change := func(ctx context.Context, id string, check func(err error, took time.Duration)) {
			began := time.Now()
			go func() { check(a.ChangeMembers(ctx, "g000", []access.MemberChange{add(id)})[0], time.Since(began)) }()
			synctest.Wait()
		}
		var mu sync.Mutex
		var done []string
		want := func(id string, kind fault.Kind, state string, wait time.Duration) func(error, time.Duration) {
			return func(err error, took time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				done = append(done, id)
				var e *fault.Error
				if fault.KindOf(err) != kind || took != wait || errors.As(err, &e) && e.State != state {
					t.Errorf("%s: %v after %v", id, err, took)
				}
				if kind != 0 && (!errors.Is(err, context.Canceled) || a.StaleOK(err)) {
					t.Errorf("%s: %v", id, err)
				}
			}
		}
		one, cancelOne := context.WithCancel(t.Context())
		two, cancelTwo := context.WithCancel(t.Context())
		three, cancelThree := context.WithCancel(t.Context())
		defer cancelThree()
		change(t.Context(), "first", want("first", 0, "", time.Minute))
		change(one, "one", want("one", fault.Unavailable, nothingSent, time.Second))
		change(two, "two", want("two", fault.Unconfirmed, "It may or may not have been written.", time.Minute+10*time.Second+outcomeGrace))
		change(three, "three", want("three", 0, "", 2*time.Minute))
		time.Sleep(time.Second)
		cancelOne() // still queued: taken back
		time.Sleep(time.Minute + 9*time.Second)
		cancelTwo() // on its way together with three, which must not suffer
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := strings.Join(f.sent(""), "; "); got != "change members g000 +first; change members g000 +two +three" {
			t.Errorf("sent %q", got)
		}
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(done, []string{"one", "first", "two", "three"}) {
			t.Errorf("answered in the order %v", done)
		}
	})
}

func TestRequestEndsWhenNobodyWantsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake().withGroups(1, 0)
		f.delay = time.Hour
		a := New(f, Options{Name: "wiki"})
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		changes := make([]access.MemberChange, 30) // three requests
		for i := range changes {
			changes[i] = add(fmt.Sprint("a", i))
		}
		time.AfterFunc(time.Second, cancel)
		errs := a.ChangeMembers(ctx, "g000", changes)
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v", took)
		}
		if fault.KindOf(errs[0]) != fault.Unconfirmed || fault.KindOf(errs[29]) != fault.Unavailable {
			t.Errorf("sent: %v; not sent: %v", errs[0], errs[29])
		}
		f.wantSent(t, "change members", 1)
	})
}

// short answers for fewer changes than it was asked.
type short struct{ *fake }

func (s short) ChangeMembers(ctx context.Context, g string, c []access.MemberChange) []error {
	return s.fake.ChangeMembers(ctx, g, c)[:1]
}

func TestMissingAnswerIsNoSuccess(t *testing.T) {
	t.Parallel()
	a := New(short{newFake().withGroups(1, 0)}, Options{Name: "wiki"})
	errs := a.ChangeMembers(t.Context(), "g000", []access.MemberChange{add("x"), add("y")})
	if errs[0] != nil || fault.KindOf(errs[1]) != fault.Unconfirmed {
		t.Error(errs)
	}
}

// TestCommitProperty lets many callers change and read one group, some of them giving up, and checks that
// everybody is answered, that requests never overlap or exceed the limit, and that what is known in the
// end is what the app holds.
func TestCommitProperty(t *testing.T) {
	t.Parallel()
	type step struct {
		changes []access.MemberChange
		after   time.Duration
		giveUp  time.Duration
		read    bool
	}
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(0, 5).Draw(rt, "limit")
		steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			var s step
			for range rapid.IntRange(1, 6).Draw(rt, "changes") {
				id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "bad"}).Draw(rt, "account")
				s.changes = append(s.changes, access.MemberChange{
					Account: ref(id), Remove: rapid.Bool().Draw(rt, "remove"),
					Role: rapid.SampledFrom([]string{"member", "owner"}).Draw(rt, "role"),
				})
			}
			s.after = time.Duration(rapid.IntRange(0, 5000).Draw(rt, "after")) * time.Millisecond
			s.giveUp = time.Duration(rapid.IntRange(1, 9000).Draw(rt, "gives up")) * time.Millisecond
			s.read = rapid.Bool().Draw(rt, "reads")
			return s
		}), 1, 30).Draw(rt, "steps")
		var mu sync.Mutex
		var wrong []string
		complain := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
		synctest.Test(t, func(t *testing.T) {
			f := newFake().withGroups(1, 0)
			f.delay, f.info.MaxMemberChanges = time.Second, limit
			a := New(f, Options{Name: "wiki"})
			var wg sync.WaitGroup
			for i, s := range steps {
				wg.Go(func() {
					time.Sleep(s.after)
					ctx, cancel := context.WithTimeout(t.Context(), s.giveUp)
					defer cancel()
					if s.read {
						_, _ = a.Members(ctx, "g000")
					}
					errs := a.ChangeMembers(ctx, "g000", s.changes)
					if len(errs) != len(s.changes) {
						complain("step %d: %d answers", i, len(errs))
					}
					for j, err := range errs {
						if bad := s.changes[j].Account.ID == "bad"; bad && err == nil || !bad && fault.KindOf(err) == fault.Invalid {
							complain("step %d: answer %d is somebody else's: %v", i, j, err)
						}
					}
				})
			}
			wg.Wait()
			synctest.Wait()
			time.Sleep(time.Hour) // what was on its way has landed
			if f.overlap {
				complain("requests overlapped")
			}
			for _, req := range f.sent("change") {
				if n := strings.Count(req, " +") + strings.Count(req, " -"); limit > 0 && n > limit {
					complain("%d changes in %q", n, req)
				}
				if strings.Contains(req, " +") && strings.Contains(req, " -") {
					complain("adds and removals in %q", req)
				}
			}
			got, err := a.Members(t.Context(), "g000")
			if err != nil {
				complain("%v", err)
			}
			have := f.membersOf("g000")
			if len(got) != len(have) {
				complain("known %v, the app holds %v", got, have)
			}
			for i := range min(len(got), len(have)) {
				if got[i].AccountID != have[i].AccountID || got[i].Role != have[i].Role {
					complain("known %v, the app holds %v", got[i], have[i])
				}
			}
		})
		if wrong != nil {
			rt.Fatal(strings.Join(wrong, "\n"))
		}
	})
}
