# APP. What the configuration does not name is then listed in strangers, and not removed by the first plan.
terraform import 'tenure_app_access.this["slack"]' slack
