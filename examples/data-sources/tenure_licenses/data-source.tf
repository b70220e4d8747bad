# The license pools of an app: how many seats there are, and how many are taken.
data "tenure_licenses" "wiki" {
  app = "wiki"
}
