# APP/PRODUCT/LICENSE/USER_NAME
terraform import tenure_license_assignment.designer wiki/Design/Full/ana@acme.com
