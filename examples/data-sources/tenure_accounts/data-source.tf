# Every account of an app, the inactive ones included.
data "tenure_accounts" "slack" {
  app = "slack"
}
