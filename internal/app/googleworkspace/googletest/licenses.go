package googletest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// SetSeats limits an SKU; "archived" limits archived accounts.
func (s *Server) SetSeats(sku string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seats[sku] = n
}

// Assign gives a license behind everybody's back.
func (s *Server) Assign(product, sku, userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold(product)[userID] = sku
}

// Licenses are the holders of a product's licenses: SKU by account id.
func (s *Server) Licenses(product string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	maps.Copy(out, s.held[product])
	return out
}

func (s *Server) hold(product string) map[string]string {
	if s.held[product] == nil {
		s.held[product] = map[string]string{}
	}
	return s.held[product]
}

// seatsLeft is how many more may hold the SKU; -1 without a limit.
func (s *Server) seatsLeft(sku string) int {
	n, limited := s.seats[sku]
	if !limited {
		return -1
	}
	for _, held := range s.held {
		for _, has := range held {
			if has == sku {
				n--
			}
		}
	}
	return n
}

func (s *Server) assignment(product, id string) object {
	u := s.users[byID(s.users, id)]
	return object{
		"kind": "licensing#licenseAssignment", "etags": `"e"`, "productId": product, "skuId": s.held[product][id], "userId": u["primaryEmail"],
	}
}

// primary finds an account by its primary address: licenses know neither ids nor aliases.
func (s *Server) primary(address string) int {
	return slices.IndexFunc(s.users, func(u object) bool { return strings.EqualFold(text(u["primaryEmail"]), address) })
}

func (s *Server) serveLicense(w http.ResponseWriter, r *http.Request, op string, args []string, body object) {
	product := args[0]
	if op == "licenses.list" {
		if r.URL.Query().Get("customerId") != s.opts.Customer {
			refuse(w, 404, "notFound")
			return
		}
		var rows []object
		for _, u := range s.users {
			if id := text(u["id"]); s.held[product][id] != "" {
				rows = append(rows, s.assignment(product, id))
			}
		}
		s.list(w, r, "licensing#licenseAssignmentList", "items", rows, 1000)
		return
	}
	sku, address := args[1], text(body["userId"])
	if len(args) > 2 {
		address = args[2]
	}
	i := s.primary(address)
	if i < 0 {
		refuse(w, 404, "notFound")
		return
	}
	id := text(s.users[i]["id"])
	held := s.hold(product)
	if op != "licenses.insert" && held[id] != sku {
		refuse(w, 404, "notFound")
		return
	}
	switch op {
	case "licenses.get":
	case "licenses.insert":
		if held[id] != "" || s.seatsLeft(sku) == 0 {
			refuse(w, 412, "conditionNotMet")
			return
		}
		held[id] = sku
	case "licenses.patch":
		next := text(body["skuId"])
		if s.seatsLeft(next) == 0 {
			refuse(w, 412, "conditionNotMet")
			return
		}
		held[id] = next
	case "licenses.delete":
		delete(held, id)
		reply(w, r, 200, object{})
		return
	}
	reply(w, r, 200, s.assignment(product, id))
}
