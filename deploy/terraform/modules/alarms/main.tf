# What CloudWatch calls somebody for, and the figures that it reads from the log: the sweeper writes a line a minute about the queue.
# Prometheus knows more (deploy/prometheus); these go on working where there is none, and take a bad version back.

variable "name" { type = string }
variable "kms_key_arn" { type = string }
variable "log_group" { type = string }
variable "load_balancer_suffix" { type = string }
variable "target_group_suffixes" { type = map(string) }
variable "database_identifier" { type = string }
variable "certificate_arn" { type = string }
variable "addresses" {
  type        = list(string)
  description = "E-mail addresses of whoever is on call."
}

locals {
  namespace = "Assay/${var.name}"
  # Names of the fields of the line "queue_measured", by metric.
  measured = { Backlog = "backlog", DeadLetters = "dead", LiveWorkers = "workers" }
}

resource "aws_sns_topic" "on_call" {
  name              = "${var.name}-on-call"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_subscription" "on_call" {
  for_each  = toset(var.addresses)
  topic_arn = aws_sns_topic.on_call.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_log_metric_filter" "measured" {
  for_each       = local.measured
  name           = "${var.name}-${each.key}"
  log_group_name = var.log_group
  pattern        = "{ $.event = \"queue_measured\" && $.${each.value} >= 0 }"
  metric_transformation {
    namespace = local.namespace
    name      = each.key
    value     = "$.${each.value}"
  }
}

resource "aws_cloudwatch_metric_alarm" "backlog" {
  alarm_name          = "${var.name}-backlog"
  alarm_description   = "More than 50 unfinished jobs: docs/runbooks/queue-backlog.md"
  namespace           = local.namespace
  metric_name         = "Backlog"
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 50
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "ignore"
  alarm_actions       = [aws_sns_topic.on_call.arn]
  ok_actions          = [aws_sns_topic.on_call.arn]
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "Jobs were given up: docs/runbooks/queue-backlog.md"
  namespace           = local.namespace
  metric_name         = "DeadLetters"
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "ignore"
  alarm_actions       = [aws_sns_topic.on_call.arn]
}

# No line in five minutes means that no sweeper measures; none is worse than zero.
resource "aws_cloudwatch_metric_alarm" "no_worker" {
  alarm_name          = "${var.name}-no-worker"
  alarm_description   = "No worker, or no sweeper to tell: docs/runbooks/no-worker.md"
  namespace           = local.namespace
  metric_name         = "LiveWorkers"
  statistic           = "Maximum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.on_call.arn]
  ok_actions          = [aws_sns_topic.on_call.arn]
}

# By target group: while a new version is tried one of them holds it alone.
resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each            = var.target_group_suffixes
  alarm_name          = "${var.name}-errors-${each.key}"
  alarm_description   = "Answers are 5xx: docs/runbooks/postgres-failover.md. Takes a version back that is being rolled out."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_Target_5XX_Count"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  period              = 60
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  dimensions          = { LoadBalancer = var.load_balancer_suffix, TargetGroup = each.value }
  alarm_actions       = [aws_sns_topic.on_call.arn]
}

resource "aws_cloudwatch_metric_alarm" "slow" {
  for_each            = var.target_group_suffixes
  alarm_name          = "${var.name}-slow-${each.key}"
  alarm_description   = "One answer in twenty takes over half a second: docs/runbooks/slow-answers.md. Takes a version back that is being rolled out."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  extended_statistic  = "p95"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0.5
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  dimensions          = { LoadBalancer = var.load_balancer_suffix, TargetGroup = each.value }
  alarm_actions       = [aws_sns_topic.on_call.arn]
}

resource "aws_cloudwatch_metric_alarm" "database" {
  for_each = {
    cpu     = { metric = "CPUUtilization", operator = "GreaterThanThreshold", threshold = 85 }
    storage = { metric = "FreeStorageSpace", operator = "LessThanThreshold", threshold = 5 * 1024 * 1024 * 1024 }
    memory  = { metric = "FreeableMemory", operator = "LessThanThreshold", threshold = 256 * 1024 * 1024 }
  }
  alarm_name          = "${var.name}-database-${each.key}"
  alarm_description   = "The database is short of something: docs/runbooks/postgres-failover.md"
  namespace           = "AWS/RDS"
  metric_name         = each.value.metric
  statistic           = "Average"
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = 3
  dimensions          = { DBInstanceIdentifier = var.database_identifier }
  alarm_actions       = [aws_sns_topic.on_call.arn]
}

resource "aws_cloudwatch_metric_alarm" "certificate" {
  alarm_name          = "${var.name}-certificate"
  alarm_description   = "The certificate should have been renewed by itself: docs/runbooks/key-compromise.md"
  namespace           = "AWS/CertificateManager"
  metric_name         = "DaysToExpiry"
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 14
  period              = 86400
  evaluation_periods  = 1
  dimensions          = { CertificateArn = var.certificate_arn }
  alarm_actions       = [aws_sns_topic.on_call.arn]
}

output "backlog" { value = { namespace = local.namespace, metric = "Backlog" } }
output "rollback_alarms" {
  value = [for each in concat(values(aws_cloudwatch_metric_alarm.errors), values(aws_cloudwatch_metric_alarm.slow)) : each.alarm_name]
}
