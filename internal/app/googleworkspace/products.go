package googleworkspace

import "strings"

// product is a family of licenses of which an account holds at most one.
type product struct {
	id, name string
	licenses []license
	// seats are what configuration says about pools, by SKU; -1 where it only names the license.
	seats map[string]int
}

type license struct{ sku, name string }

// sku is the id of a license given by name or id, or "".
func (p product) sku(name string) string {
	for _, l := range p.licenses {
		if strings.EqualFold(l.name, name) || l.sku == name {
			return l.sku
		}
	}
	return ""
}

// license is the name of an SKU: the one of the table, or the id where that has none.
func (p product) license(sku string) string {
	for _, l := range p.licenses {
		if l.sku == sku {
			return l.name
		}
	}
	return sku
}

// productNamed finds a product by name or id. One that is not in the table is its own name.
func productNamed(name string) product {
	for _, p := range knownProducts() {
		if strings.EqualFold(p.name, name) || p.id == name {
			return p
		}
	}
	return product{id: name, name: name}
}

// knownProducts are Google's products and SKUs, from
// developers.google.com/workspace/admin/licensing/v1/how-tos/products. What is missing is written by its ids.
func knownProducts() []product {
	return []product{
		{id: "Google-Apps", name: "Google Workspace", licenses: []license{
			{"1010020027", "Google Workspace Business Starter"},
			{"1010020028", "Google Workspace Business Standard"},
			{"1010020025", "Google Workspace Business Plus"},
			{"1010060003", "Google Workspace Enterprise Essentials"},
			{"1010060005", "Google Workspace Enterprise Essentials Plus"},
			{"1010020029", "Google Workspace Enterprise Starter"},
			{"1010020026", "Google Workspace Enterprise Standard"},
			{"1010020020", "Google Workspace Enterprise Plus"},
			{"1010060001", "Google Workspace Essentials"},
			{"1010020030", "Google Workspace Frontline Starter"},
			{"1010020031", "Google Workspace Frontline Standard"},
			{"1010020034", "Google Workspace Frontline Plus"},
			{"1010020035", "Google Workspace Business Continuity"},
			{"1010020036", "Google Workspace Business Continuity Plus"},
			{"Google-Apps-Unlimited", "G Suite Business"},
			{"Google-Apps-For-Business", "G Suite Basic"},
			{"Google-Apps-Lite", "G Suite Lite"},
			{"Google-Apps-For-Postini", "Google Apps Message Security"},
		}},
		{id: "101031", name: "Google Workspace for Education", licenses: []license{
			{"1010310005", "Google Workspace for Education Standard"},
			{"1010310006", "Google Workspace for Education Standard (Staff)"},
			{"1010310007", "Google Workspace for Education Standard (Extra Student)"},
			{"1010310008", "Google Workspace for Education Plus"},
			{"1010310009", "Google Workspace for Education Plus (Staff)"},
			{"1010310010", "Google Workspace for Education Plus (Extra Student)"},
			{"1010310002", "Google Workspace for Education Plus - Legacy"},
			{"1010310003", "Google Workspace for Education Plus - Legacy (Student)"},
		}},
		{id: "101037", name: "Google Workspace for Education Upgrades", licenses: []license{
			{"1010370001", "Google Workspace for Education: Teaching and Learning Upgrade"},
		}},
		{id: "101049", name: "Education Endpoint Management", licenses: []license{{"1010490001", "Endpoint Education Upgrade"}}},
		{id: "101034", name: "Google Workspace Archived User", licenses: []license{
			{"1010340001", "Google Workspace Enterprise Plus - Archived User"},
			{"1010340002", "G Suite Business - Archived User"},
			{"1010340003", "Google Workspace Business Plus - Archived User"},
			{"1010340004", "Google Workspace Enterprise Standard - Archived User"},
			{"1010340005", "Google Workspace Business Starter - Archived User"},
			{"1010340006", "Google Workspace Business Standard - Archived User"},
		}},
		{id: "101047", name: "Gemini", licenses: []license{
			{"1010470001", "Gemini Enterprise"},
			{"1010470002", "Gemini Labs"},
			{"1010470003", "Gemini Business"},
			{"1010470006", "Gemini Security"},
			{"1010470007", "Gemini Meet"},
			{"1010470008", "AI Ultra Access"},
			{"1010470009", "AI Expanded Access"},
		}},
		{id: "101033", name: "Google Voice", licenses: []license{
			{"1010330003", "Google Voice Starter"}, {"1010330004", "Google Voice Standard"}, {"1010330002", "Google Voice Premier"},
		}},
		{id: "Google-Vault", name: "Google Vault", licenses: []license{
			{"Google-Vault", "Google Vault"}, {"Google-Vault-Former-Employee", "Google Vault Former Employee"},
		}},
		{id: "Google-Drive-storage", name: "Google Drive Storage", licenses: []license{
			{"Google-Drive-storage-20GB", "Google Drive Storage 20 GB"},
			{"Google-Drive-storage-50GB", "Google Drive Storage 50 GB"},
			{"Google-Drive-storage-200GB", "Google Drive Storage 200 GB"},
			{"Google-Drive-storage-400GB", "Google Drive Storage 400 GB"},
			{"Google-Drive-storage-1TB", "Google Drive Storage 1 TB"},
			{"Google-Drive-storage-2TB", "Google Drive Storage 2 TB"},
			{"Google-Drive-storage-4TB", "Google Drive Storage 4 TB"},
			{"Google-Drive-storage-8TB", "Google Drive Storage 8 TB"},
			{"Google-Drive-storage-16TB", "Google Drive Storage 16 TB"},
		}},
		{id: "101001", name: "Cloud Identity", licenses: []license{{"1010010001", "Cloud Identity"}}},
		{id: "101005", name: "Cloud Identity Premium", licenses: []license{{"1010050001", "Cloud Identity Premium"}}},
		{id: "101035", name: "Cloud Search", licenses: []license{{"1010350001", "Cloud Search"}}},
		{id: "101036", name: "Google Meet Global Dialing", licenses: []license{{"1010360001", "Google Meet Global Dialing"}}},
		{id: "101038", name: "AppSheet", licenses: []license{
			{"1010380001", "AppSheet Core"}, {"1010380002", "AppSheet Enterprise Standard"}, {"1010380003", "AppSheet Enterprise Plus"},
		}},
		{id: "101039", name: "Assured Controls", licenses: []license{{"1010390001", "Assured Controls"}, {"1010390002", "Assured Controls Plus"}}},
		{id: "101040", name: "Chrome Enterprise Premium", licenses: []license{{"1010400001", "Chrome Enterprise Premium"}}},
		{id: "101043", name: "Google Workspace Additional Storage", licenses: []license{{"1010430001", "Google Workspace Additional Storage"}}},
		{id: "101050", name: "Colab", licenses: []license{{"1010500001", "Colab Pro"}, {"1010500002", "Colab Pro+"}}},
	}
}
