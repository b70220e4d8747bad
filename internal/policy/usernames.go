package policy

// UserNames are the user names that identities and user_names give everybody in the rosters, by app and person id,
// whether they are to have an account or not: by them the accounts of leavers are known. Where there is none for a
// person there is no entry.
func (p *Program) UserNames(in Input) map[string]map[string]string {
	e := &evaluation{company: newCompany(p, in, lifecycleOptions(p.policy.Timing, in))}
	standings := e.stand(in.Now)
	names := make([][]string, len(e.subjects)) // by app
	e.parallel(len(e.subjects), func(w *worker, i int32) {
		if w.subjects[i].stub {
			return
		}
		w.act.person = view{subject: &w.subjects[i], stage: string(standings[i].stage)}
		names[i] = make([]string, len(w.apps))
		for k := range w.apps {
			app := &w.apps[k]
			if !app.output {
				continue
			}
			if names[i][k] = w.identity(app, w.subjects[i].PersonID); names[i][k] != "" {
				continue
			}
			if name, err := app.userName.text(&w.act); err == nil {
				names[i][k] = name
			}
		}
	})
	out := make(map[string]map[string]string, len(e.apps))
	for k := range e.apps {
		if e.apps[k].output {
			out[e.apps[k].name] = make(map[string]string)
		}
	}
	for i := range names {
		for k, name := range names[i] {
			if name != "" {
				out[e.apps[k].name][e.subjects[i].PersonID] = name
			}
		}
	}
	return out
}
