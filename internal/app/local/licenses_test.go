package local

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

func TestReadLicenses(t *testing.T) {
	t.Parallel()
	a, _ := openFile(t, wiki)
	if diff := cmp.Diff([]access.Pool{
		{Product: "design", License: "Full", Total: 1, Used: 1},
		{Product: "design", License: "Viewer", Total: -1, Used: 1},
	}, collect(t, a.Pools(t.Context()))); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]access.Assignment{
		{AccountID: "u-000001", UserName: "Ana@acme.com", License: "Full"},
		{AccountID: "u-000002", UserName: "bo@acme.com", License: "Viewer"},
	}, collect(t, a.Assignees(t.Context(), "design"))); diff != "" {
		t.Errorf("assignees (-want +got):\n%s", diff)
	}
	wantFault(t, firstError(a.Assignees(t.Context(), "paint")), fault.NotFound, "paint", "it has design")
}

func TestChangeAssignees(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	nobody := access.AccountRef{ID: "u-9", UserName: "zed"}
	type holds = map[string]string
	tests := []struct {
		name    string
		changes []access.LicenseChange
		kinds   []fault.Kind
		want    holds
	}{
		{
			"assign",
			[]access.LicenseChange{{Account: cy, License: "Viewer"}},
			[]fault.Kind{0},
			holds{"Ana@acme.com": "Full", "bo@acme.com": "Viewer", "cy@acme.com": "Viewer"},
		},
		{
			"already assigned, though the pool is full",
			[]access.LicenseChange{{Account: ana, License: "Full"}},
			[]fault.Kind{0},
			holds{"Ana@acme.com": "Full", "bo@acme.com": "Viewer"},
		},
		{
			"past the total",
			[]access.LicenseChange{{Account: bo, License: "Full"}},
			[]fault.Kind{fault.LimitReached},
			holds{"Ana@acme.com": "Full", "bo@acme.com": "Viewer"},
		},
		{
			"another license replaces, and its seat is free",
			[]access.LicenseChange{
				{Account: ana, License: "Viewer"}, {Account: bo, License: "Full"},
			},
			[]fault.Kind{0, 0},
			holds{"Ana@acme.com": "Viewer", "bo@acme.com": "Full"},
		},
		{
			"remove",
			[]access.LicenseChange{{Account: ana, License: "Full", Remove: true}, {Account: ana, License: "Full", Remove: true}},
			[]fault.Kind{0, 0},
			holds{"bo@acme.com": "Viewer"},
		},
		{
			"remove what is not held",
			[]access.LicenseChange{{Account: ana, License: "Viewer", Remove: true}},
			[]fault.Kind{0},
			holds{"Ana@acme.com": "Full", "bo@acme.com": "Viewer"},
		},
		{
			"remove whichever is held",
			[]access.LicenseChange{{Account: ana, Remove: true}},
			[]fault.Kind{0},
			holds{"bo@acme.com": "Viewer"},
		},
		{
			"strangers and typos",
			[]access.LicenseChange{
				{Account: nobody, License: "Viewer"},
				{Account: nobody, License: "Viewer", Remove: true},
				{Account: cy, License: "Vewer"},
				{License: "Viewer", Remove: true},
			},
			[]fault.Kind{fault.NotFound, 0, fault.NotFound, fault.Invalid},
			holds{"Ana@acme.com": "Full", "bo@acme.com": "Viewer"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, path := openFile(t, wiki)
			var kinds []fault.Kind
			for _, err := range a.ChangeAssignees(ctx, "design", tt.changes) {
				kinds = append(kinds, fault.KindOf(err))
			}
			if diff := cmp.Diff(tt.kinds, kinds); diff != "" {
				t.Errorf("kinds (-want +got):\n%s", diff)
			}
			got := holds{}
			for _, as := range collect(t, openPath(t, path).Assignees(ctx, "design")) {
				got[as.UserName] = as.License
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("assignees (-want +got):\n%s", diff)
			}
		})
	}
	a, _ := openFile(t, wiki)
	wantFault(t, a.ChangeAssignees(ctx, "design", []access.LicenseChange{{Account: bo, License: "Full"}})[0],
		fault.LimitReached, "bo@acme.com", "Full", "total 1, used 1", "Nothing was written")
	wantFault(t, a.ChangeAssignees(ctx, "paint", []access.LicenseChange{{Account: bo, License: "Full"}})[0], fault.NotFound, "paint", "design")
	wantFault(t, a.ChangeAssignees(ctx, "design", []access.LicenseChange{{Account: bo, License: "Ful"}})[0], fault.NotFound, `"Ful"`, "it has Full, Viewer")
}
