# Secrets Manager. What Terraform makes (the two addresses with their passwords) it writes; the keys of the application are put in by hand
# and never pass through a plan: `aws secretsmanager put-secret-value`, as docs/deployment.md tells.

variable "name" { type = string }
variable "kms_key_arn" { type = string }
variable "recovery_days" { type = number }
variable "made" {
  type        = map(string)
  description = "Values by the name of the setting, of what is made here."
  sensitive   = true
}
variable "made_names" { type = set(string) }
variable "given_names" {
  type        = set(string)
  description = "Settings whose values somebody puts in."
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:A key of the application is changed by a procedure that keeps the old one readable, not by a function on a timer
  for_each                = setunion(var.made_names, var.given_names)
  name                    = "${var.name}/${each.key}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_days
}

resource "aws_secretsmanager_secret_version" "made" {
  for_each      = var.made_names
  secret_id     = aws_secretsmanager_secret.this[each.key].id
  secret_string = var.made[each.key]
}

output "arns" { value = { for name, each in aws_secretsmanager_secret.this : name => each.arn } }
