data "tenure_groups" "slack" {
  app = "slack"
}
