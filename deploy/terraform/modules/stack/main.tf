# One installation: everything in the other modules, put together. environments/ says how large.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws    = { source = "hashicorp/aws", version = ">= 6.21, < 7.0" }
    random = { source = "hashicorp/random", version = "~> 3.6" }
  }
}

variable "name" { type = string }
variable "environment" {
  type        = string
  description = "staging or production; both refuse what is handy while developing."
}
variable "region" { type = string }
variable "zones" { type = list(string) }
variable "cidr" { type = string }
variable "host" {
  type        = string
  description = "The public name, as in assay.example.edu."
}
variable "dns_zone_id" { type = string }
variable "image_tag" {
  type        = string
  description = "What is rolled out: a tag in the registry of this installation."
}
variable "on_call" { type = list(string) }
variable "settings" {
  type        = map(string)
  default     = {}
  description = "Further settings by their variable: docs of each in src/assay/settings.py."
}
variable "optional_secrets" {
  type        = set(string)
  description = "Further settings that are secrets: OPENAI_API_KEY, ASSAY_JWT_PRIVATE_KEYS, ASSAY_IDENTITY_PROVIDERS."
  validation {
    condition     = length(setsubtract(var.optional_secrets, ["OPENAI_API_KEY", "ASSAY_JWT_PRIVATE_KEYS", "ASSAY_IDENTITY_PROVIDERS", "CHROMA_TOKEN"])) == 0
    error_message = "There are OPENAI_API_KEY, ASSAY_JWT_PRIVATE_KEYS, ASSAY_IDENTITY_PROVIDERS and CHROMA_TOKEN."
  }
}
variable "nat_per_zone" { type = bool }
variable "database" {
  type = object({ instance_class = string, storage_gb = number, multi_az = bool, backup_days = number })
}
variable "cache" { type = object({ node_type = string, nodes = number }) }
variable "api" { type = object({ cpu = number, memory = number, least = number, most = number }) }
variable "worker" { type = object({ cpu = number, memory = number, least = number, most = number }) }
variable "canary" { type = object({ percent = number, minutes = number, bake_minutes = number }) }
variable "deletion_protection" { type = bool }
variable "log_retention_days" {
  type    = number
  default = 365
}

locals {
  api_port     = 8000
  metrics_port = 9100
  image        = "${module.registry.repository_url}:${var.image_tag}"
  settings = merge({
    ASSAY_ENVIRONMENT     = var.environment
    ASSAY_PUBLIC_URL      = "https://${var.host}"
    ASSAY_TRUSTED_PROXIES = var.cidr
    ASSAY_INNER_NETWORKS  = "127.0.0.0/8, ${var.cidr}"
    ASSAY_METRICS_PORT    = tostring(local.metrics_port)
  }, var.settings)
  made_secrets  = toset(["DATABASE_URL", "REDIS_URL"])
  given_secrets = setunion(["ASSAY_JWT_KEYS", "ASSAY_ENCRYPTION_KEYS", "ASSAY_BLIND_INDEX_KEY"], var.optional_secrets)
  alive_command = ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:${local.metrics_port}/metrics', timeout=2)"]
  healthy       = ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:${local.api_port}/healthz', timeout=2)"]
}

data "aws_caller_identity" "this" {}

# One key for all that rests here.

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:A key's own policy speaks of that key alone, which is what "*" means in it
  #checkov:skip=CKV_AWS_111:A key's own policy speaks of that key alone, which is what "*" means in it
  #checkov:skip=CKV_AWS_356:A key's own policy speaks of that key alone, which is what "*" means in it
  statement {
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.this.account_id}:root"]
    }
  }
  statement {
    actions   = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com", "cloudwatch.amazonaws.com"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "What rests in ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

module "network" {
  source             = "../network"
  name               = var.name
  cidr               = var.cidr
  zones              = var.zones
  nat_per_zone       = var.nat_per_zone
  kms_key_arn        = aws_kms_key.this.arn
  log_retention_days = var.log_retention_days
}

module "registry" {
  source      = "../registry"
  name        = var.name
  kms_key_arn = aws_kms_key.this.arn
}

# Name and certificate.

resource "aws_acm_certificate" "this" {
  domain_name       = var.host
  validation_method = "DNS"
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = { for each in aws_acm_certificate.this.domain_validation_options : each.domain_name => each }
  zone_id  = var.dns_zone_id
  name     = each.value.resource_record_name
  type     = each.value.resource_record_type
  records  = [each.value.resource_record_value]
  ttl      = 300
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for each in aws_route53_record.validation : each.fqdn]
}

resource "aws_route53_record" "public" {
  zone_id = var.dns_zone_id
  name    = var.host
  type    = "A"
  alias {
    name                   = module.load_balancer.dns_name
    zone_id                = module.load_balancer.zone_id
    evaluate_target_health = true
  }
}

# The load balancer's own log of requests.

resource "aws_s3_bucket" "access_log" {
  #checkov:skip=CKV_AWS_18:This is the bucket of logs
  #checkov:skip=CKV_AWS_145:The load balancer writes with keys of S3 alone
  #checkov:skip=CKV_AWS_144:A log of requests is not copied to another region
  #checkov:skip=CKV_AWS_21:A log is written once
  #checkov:skip=CKV2_AWS_62:Nobody waits for a log file
  bucket_prefix = "${var.name}-access-log-"
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "access_log" {
  bucket                  = aws_s3_bucket.access_log.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "access_log" {
  bucket = aws_s3_bucket.access_log.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "access_log" {
  bucket = aws_s3_bucket.access_log.id
  rule {
    id     = "forget"
    status = "Enabled"
    filter {}
    expiration {
      days = 90
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "access_log" {
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.access_log.arn}/load-balancer/AWSLogs/${data.aws_caller_identity.this.account_id}/*"]
    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
    }
  }
}

resource "aws_s3_bucket_policy" "access_log" {
  bucket = aws_s3_bucket.access_log.id
  policy = data.aws_iam_policy_document.access_log.json
}

module "load_balancer" {
  source                 = "../load_balancer"
  name                   = var.name
  vpc_id                 = module.network.vpc_id
  vpc_cidr               = module.network.cidr
  subnet_ids             = module.network.public_subnet_ids
  certificate_arn        = aws_acm_certificate_validation.this.certificate_arn
  host                   = var.host
  container_port         = local.api_port
  health_path            = "/readyz"
  deregistration_seconds = 15
  deletion_protection    = var.deletion_protection
  log_bucket             = aws_s3_bucket_policy.access_log.bucket
}

# Who may reach whom.

resource "aws_security_group" "api" {
  #checkov:skip=CKV2_AWS_5:Given to the service by its module
  name        = "${var.name}-api"
  description = "The API: the load balancer and monitoring reach it; it reaches data, the model and endpoints of webhooks."
  vpc_id      = module.network.vpc_id
}

resource "aws_security_group" "background" {
  #checkov:skip=CKV2_AWS_5:Given to services by their module
  name        = "${var.name}-background"
  description = "Worker, sweeper and one-off tasks: monitoring reaches them; they reach data, the model and endpoints of webhooks."
  vpc_id      = module.network.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "api" {
  security_group_id            = aws_security_group.api.id
  description                  = "The load balancer"
  referenced_security_group_id = module.load_balancer.security_group_id
  from_port                    = local.api_port
  to_port                      = local.api_port
  ip_protocol                  = "tcp"
}

resource "aws_vpc_security_group_ingress_rule" "metrics" {
  for_each          = { api = [aws_security_group.api.id, local.api_port], background = [aws_security_group.background.id, local.metrics_port] }
  security_group_id = each.value[0]
  description       = "Monitoring in this network asks for metrics"
  cidr_ipv4         = var.cidr
  from_port         = each.value[1]
  to_port           = each.value[1]
  ip_protocol       = "tcp"
}

# The model's provider, single sign-on and endpoints of webhooks are anywhere; the application checks each address it posts to.
resource "aws_vpc_security_group_egress_rule" "https" {
  for_each          = { api = aws_security_group.api.id, background = aws_security_group.background.id }
  security_group_id = each.value
  description       = "HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_egress_rule" "data" {
  for_each = merge([for port in [5432, 6379] : {
    "api-${port}"        = { group = aws_security_group.api.id, port = port }
    "background-${port}" = { group = aws_security_group.background.id, port = port }
  }]...)
  security_group_id = each.value.group
  description       = "Postgres and Valkey"
  cidr_ipv4         = var.cidr
  from_port         = each.value.port
  to_port           = each.value.port
  ip_protocol       = "tcp"
}

# Data.

locals {
  clients = { api = aws_security_group.api.id, background = aws_security_group.background.id }
}

module "database" {
  source                    = "../database"
  name                      = var.name
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.data_subnet_ids
  client_security_group_ids = local.clients
  kms_key_arn               = aws_kms_key.this.arn
  instance_class            = var.database.instance_class
  storage_gb                = var.database.storage_gb
  multi_az                  = var.database.multi_az
  backup_days               = var.database.backup_days
  deletion_protection       = var.deletion_protection
}

module "cache" {
  source                    = "../cache"
  name                      = var.name
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.data_subnet_ids
  client_security_group_ids = local.clients
  kms_key_arn               = aws_kms_key.this.arn
  node_type                 = var.cache.node_type
  nodes                     = var.cache.nodes
}

module "secrets" {
  source        = "../secrets"
  name          = var.name
  kms_key_arn   = aws_kms_key.this.arn
  recovery_days = var.deletion_protection ? 30 : 7
  made          = { DATABASE_URL = module.database.url, REDIS_URL = module.cache.url }
  made_names    = local.made_secrets
  given_names   = local.given_secrets
}

# Processes.

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/assay"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "controller" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "execution" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = values(module.secrets.arns)
  }
  statement {
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.this.arn]
  }
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role_policy" "execution" {
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

# The application asks nothing of AWS: its own role may do nothing.
resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

# With it ECS shifts requests from one version to the next.
resource "aws_iam_role" "controller" {
  name               = "${var.name}-rollout"
  assume_role_policy = data.aws_iam_policy_document.controller.json
}

resource "aws_iam_role_policy_attachment" "controller" {
  role       = aws_iam_role.controller.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
}

module "alarms" {
  source                = "../alarms"
  name                  = var.name
  kms_key_arn           = aws_kms_key.this.arn
  log_group             = aws_cloudwatch_log_group.this.name
  load_balancer_suffix  = module.load_balancer.arn_suffix
  target_group_suffixes = { for colour, each in module.load_balancer.target_groups : colour => each.suffix }
  database_identifier   = module.database.identifier
  certificate_arn       = aws_acm_certificate.this.arn
  addresses             = var.on_call
}

locals {
  common = {
    cluster            = { arn = aws_ecs_cluster.this.arn, name = aws_ecs_cluster.this.name }
    subnet_ids         = module.network.private_subnet_ids
    execution_role_arn = aws_iam_role.execution.arn
    task_role_arn      = aws_iam_role.task.arn
    log_group          = aws_cloudwatch_log_group.this.name
  }
}

module "api" {
  source               = "../service"
  name                 = "${var.name}-api"
  command              = ["serve", "--host", "0.0.0.0", "--port", tostring(local.api_port)]
  image                = local.image
  cpu                  = var.api.cpu
  memory               = var.api.memory
  environment          = local.settings
  secrets              = module.secrets.arns
  ports                = [local.api_port]
  health_command       = local.healthy
  stop_seconds         = 30
  cluster              = local.common.cluster
  subnet_ids           = local.common.subnet_ids
  security_group_id    = aws_security_group.api.id
  execution_role_arn   = local.common.execution_role_arn
  task_role_arn        = local.common.task_role_arn
  log_group            = local.common.log_group
  region               = var.region
  tasks                = { least = var.api.least, most = var.api.most }
  scale_on_cpu_percent = 60
  rollback_alarms      = module.alarms.rollback_alarms
  load_balancer = {
    container_port    = local.api_port
    production_arn    = module.load_balancer.target_groups["blue"].arn
    alternate_arn     = module.load_balancer.target_groups["green"].arn
    listener_rule_arn = module.load_balancer.listener_rule_arn
    role_arn          = aws_iam_role.controller.arn
    canary_percent    = var.canary.percent
    canary_minutes    = var.canary.minutes
    bake_minutes      = var.canary.bake_minutes
  }
}

module "worker" {
  source             = "../service"
  name               = "${var.name}-worker"
  command            = ["worker"]
  image              = local.image
  cpu                = var.worker.cpu
  memory             = var.worker.memory
  environment        = local.settings
  secrets            = module.secrets.arns
  ports              = [local.metrics_port]
  health_command     = local.alive_command
  stop_seconds       = 30
  cluster            = local.common.cluster
  subnet_ids         = local.common.subnet_ids
  security_group_id  = aws_security_group.background.id
  execution_role_arn = local.common.execution_role_arn
  task_role_arn      = local.common.task_role_arn
  log_group          = local.common.log_group
  region             = var.region
  tasks              = { least = var.worker.least, most = var.worker.most }
  scale_on_backlog   = merge(module.alarms.backlog, { jobs_per_task = 25 })
}

# The reconciler. Two do no harm: what one has taken in hand the other leaves alone.
module "sweeper" {
  source             = "../service"
  name               = "${var.name}-sweeper"
  command            = ["sweeper"]
  image              = local.image
  cpu                = 256
  memory             = 1024
  environment        = local.settings
  secrets            = module.secrets.arns
  ports              = [local.metrics_port]
  health_command     = local.alive_command
  stop_seconds       = 30
  cluster            = local.common.cluster
  subnet_ids         = local.common.subnet_ids
  security_group_id  = aws_security_group.background.id
  execution_role_arn = local.common.execution_role_arn
  task_role_arn      = local.common.task_role_arn
  log_group          = local.common.log_group
  region             = var.region
  tasks              = { least = 1, most = 2 }
}

# Run once before each rollout, by the workflow: `aws ecs run-task`.
module "migrate" {
  source             = "../service"
  name               = "${var.name}-migrate"
  command            = ["migrate"]
  image              = local.image
  cpu                = 512
  memory             = 1024
  environment        = local.settings
  secrets            = module.secrets.arns
  ports              = []
  stop_seconds       = 120
  cluster            = local.common.cluster
  subnet_ids         = local.common.subnet_ids
  security_group_id  = aws_security_group.background.id
  execution_role_arn = local.common.execution_role_arn
  task_role_arn      = local.common.task_role_arn
  log_group          = local.common.log_group
  region             = var.region
}

output "address" { value = "https://${var.host}" }
output "repository_url" { value = module.registry.repository_url }
output "cluster" { value = aws_ecs_cluster.this.name }
output "migrate_family" { value = module.migrate.family }
output "private_subnet_ids" { value = module.network.private_subnet_ids }
output "background_security_group_id" { value = aws_security_group.background.id }
