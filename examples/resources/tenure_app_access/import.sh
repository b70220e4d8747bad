# APP: everything in it. What the configuration omits is released to strangers by the first apply, not removed.
terraform import tenure_app_access.slack slack
