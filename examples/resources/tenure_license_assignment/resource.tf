# One seat. A product is a family of licenses of which a person holds one; where the vendor has no families,
# product can be left out.
resource "tenure_license_assignment" "designer" {
  app       = "wiki"
  product   = "Design"
  license   = "Full"
  user_name = "ana@acme.com"
}
