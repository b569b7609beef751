# Production: two zones and more for everything that people notice.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws    = { source = "hashicorp/aws", version = ">= 6.21, < 7.0" }
    random = { source = "hashicorp/random", version = "~> 3.6" }
  }
  # terraform init -backend-config=backend.hcl: bucket, key, region, kms_key_id. The state holds two passwords.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

variable "region" { type = string }
variable "host" { type = string }
variable "dns_zone_id" { type = string }
variable "image_tag" { type = string }
variable "on_call" { type = list(string) }
variable "optional_secrets" {
  type        = set(string)
  default     = ["OPENAI_API_KEY"]
  description = "Secrets beside the keys that are always needed; each must be put in before the first rollout."
}
variable "settings" {
  type    = map(string)
  default = {}
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { project = "assay", environment = "production" }
  }
}

module "assay" {
  source              = "../../modules/stack"
  name                = "assay-production"
  environment         = "production"
  region              = var.region
  zones               = ["${var.region}a", "${var.region}b", "${var.region}c"]
  cidr                = "10.41.0.0/16"
  host                = var.host
  dns_zone_id         = var.dns_zone_id
  image_tag           = var.image_tag
  on_call             = var.on_call
  settings            = var.settings
  optional_secrets    = var.optional_secrets
  nat_per_zone        = true
  deletion_protection = true
  database            = { instance_class = "db.m7g.large", storage_gb = 100, multi_az = true, backup_days = 35 }
  cache               = { node_type = "cache.t4g.small", nodes = 2 }
  api                 = { cpu = 1024, memory = 2048, least = 2, most = 8 }
  worker              = { cpu = 1024, memory = 2048, least = 2, most = 10 }
  canary              = { percent = 10, minutes = 10, bake_minutes = 15 }
}

output "address" { value = module.assay.address }
output "repository_url" { value = module.assay.repository_url }
output "cluster" { value = module.assay.cluster }
output "migrate_family" { value = module.assay.migrate_family }
output "private_subnet_ids" { value = module.assay.private_subnet_ids }
output "background_security_group_id" { value = module.assay.background_security_group_id }
