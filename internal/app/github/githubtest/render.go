package githubtest

import (
	"maps"
	"strconv"
)

const moment = "2026-01-02T03:04:05Z"

func (s *Server) userJSON(u *User) map[string]any {
	at := s.URL + "/users/" + u.Login
	return map[string]any{
		"login": u.Login, "id": u.ID, "node_id": "U_" + strconv.FormatInt(u.ID, 10), "avatar_url": at, "gravatar_id": "", "url": at, "html_url": at,
		"followers_url": at, "following_url": at, "gists_url": at, "starred_url": at, "subscriptions_url": at, "organizations_url": at,
		"repos_url": at, "events_url": at, "received_events_url": at, "type": u.Type, "site_admin": false, "user_view_type": "public",
	}
}

func (s *Server) profileJSON(u *User) map[string]any {
	out := s.userJSON(u)
	for _, k := range []string{"name", "company", "blog", "location", "email", "hireable", "bio"} {
		out[k] = nil
	}
	for _, k := range []string{"public_repos", "public_gists", "followers", "following"} {
		out[k] = 0
	}
	out["created_at"], out["updated_at"] = moment, moment
	return out
}

func (s *Server) orgJSON() map[string]any {
	at := s.URL + "/orgs/" + Name
	return map[string]any{
		"login": Name, "id": 1, "node_id": "O_1", "url": at, "repos_url": at, "events_url": at, "hooks_url": at, "issues_url": at, "members_url": at,
		"public_members_url": at, "avatar_url": at, "description": nil,
	}
}

func (s *Server) fullOrgJSON() map[string]any {
	out := s.orgJSON()
	maps.Copy(out, map[string]any{
		"html_url": s.URL, "has_organization_projects": true, "has_repository_projects": true, "public_repos": 0, "public_gists": 0, "followers": 0,
		"following": 0, "type": "Organization", "created_at": moment, "updated_at": moment, "archived_at": nil,
	})
	return out
}

func (s *Server) membershipJSON(u *User, state, role string) map[string]any {
	at := s.URL + "/orgs/" + Name + "/memberships/" + u.Login
	return map[string]any{"url": at, "state": state, "role": role, "organization_url": s.URL + "/orgs/" + Name, "organization": s.orgJSON(), "user": s.userJSON(u)}
}

func (s *Server) inviteJSON(i *Invitation) map[string]any {
	text := func(v string) any {
		if v == "" {
			return nil
		}
		return v
	}
	out := map[string]any{
		"id": i.ID, "login": text(i.Login), "email": text(i.Email), "role": i.Role, "created_at": i.Created,
		"inviter": s.userJSON(&User{ID: 1, Login: Owner, Type: "User"}), "team_count": len(i.Teams), "node_id": "I_1",
		"invitation_teams_url": s.URL + "/organizations/1/invitations/1/teams", "invitation_source": "member",
	}
	if i.Failed != "" {
		out["failed_at"], out["failed_reason"] = moment, i.Failed
	}
	return out
}

func (s *Server) teamJSON(t *Team, full bool) map[string]any {
	at := s.URL + "/orgs/" + Name + "/teams/" + t.Slug()
	out := map[string]any{
		"id": t.ID, "node_id": "T_1", "url": at, "html_url": at, "name": t.Name, "slug": t.Slug(), "description": nil, "permission": "pull",
		"privacy": "closed", "notification_setting": "notifications_enabled", "members_url": at, "repositories_url": at, "parent": nil, "type": t.Type,
	}
	if t.Description != "" {
		out["description"] = t.Description
	}
	for _, p := range s.teams {
		if t.Parent != 0 && p.ID == t.Parent {
			up := s.teamJSON(p, false)
			delete(up, "parent")
			out["parent"] = up
		}
	}
	if full {
		out["members_count"], out["repos_count"], out["created_at"], out["updated_at"] = len(t.Members), 0, moment, moment
		out["organization"] = s.fullOrgJSON()
	}
	return out
}

func (s *Server) seatJSON(x *Seat) map[string]any {
	out := map[string]any{
		"created_at": moment, "updated_at": moment, "pending_cancellation_date": nil, "last_activity_at": nil, "last_activity_editor": nil, "plan_type": "business",
		"assignee": nil,
	}
	if u := s.user(x.Login); u != nil {
		out["assignee"] = s.userJSON(u)
	}
	if x.Ends != "" {
		out["pending_cancellation_date"] = x.Ends
	}
	if t := s.team(x.Team); t != nil {
		out["assigning_team"] = s.teamJSON(t, false)
	}
	return out
}
