# TLS ends here. Two target groups, so that a new version can take a share of the requests beside the old one.

variable "name" { type = string }
variable "vpc_id" { type = string }
variable "subnet_ids" { type = list(string) }
variable "vpc_cidr" { type = string }
variable "certificate_arn" { type = string }
variable "host" { type = string }
variable "container_port" { type = number }
variable "health_path" { type = string }
variable "deregistration_seconds" { type = number }
variable "deletion_protection" { type = bool }
variable "log_bucket" { type = string }

resource "aws_security_group" "this" {
  name        = "${var.name}-lb"
  description = "People reach the load balancer over TLS; it reaches the API."
  vpc_id      = var.vpc_id

  ingress {
    description = "HTTPS"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  ingress {
    #checkov:skip=CKV_AWS_260:Answered with a redirect to HTTPS and nothing else
    description = "HTTP, which is led to HTTPS"
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    description = "The API"
    from_port   = var.container_port
    to_port     = var.container_port
    protocol    = "tcp"
    cidr_blocks = [var.vpc_cidr]
  }
}

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_150:Staging may be taken down; production sets deletion_protection
  #checkov:skip=CKV2_AWS_28:The application bounds what it takes and counts who asks; a firewall is the institution's choice
  name                       = var.name
  load_balancer_type         = "application"
  subnets                    = var.subnet_ids
  security_groups            = [aws_security_group.this.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
  idle_timeout               = 75

  access_logs {
    bucket  = var.log_bucket
    prefix  = "load-balancer"
    enabled = true
  }
}

resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer, inside is the private network of this installation
  for_each             = toset(["blue", "green"])
  name                 = "${var.name}-${each.key}"
  port                 = var.container_port
  protocol             = "HTTP"
  target_type          = "ip"
  vpc_id               = var.vpc_id
  deregistration_delay = var.deregistration_seconds

  health_check {
    path                = var.health_path
    matcher             = "200"
    interval            = 5
    timeout             = 3
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

# Foreign host names go no further.
resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn
  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      status_code  = "421"
    }
  }
}

resource "aws_lb_listener_rule" "production" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 10
  action {
    type = "forward"
    forward {
      target_group {
        arn    = aws_lb_target_group.this["blue"].arn
        weight = 100
      }
      target_group {
        arn    = aws_lb_target_group.this["green"].arn
        weight = 0
      }
    }
  }
  condition {
    host_header {
      values = [var.host]
    }
  }
  # While a version is rolled out ECS shifts the weights.
  lifecycle {
    ignore_changes = [action]
  }
}

output "security_group_id" { value = aws_security_group.this.id }
output "dns_name" { value = aws_lb.this.dns_name }
output "zone_id" { value = aws_lb.this.zone_id }
output "arn_suffix" { value = aws_lb.this.arn_suffix }
output "target_groups" { value = { for colour, each in aws_lb_target_group.this : colour => { arn = each.arn, suffix = each.arn_suffix } } }
output "listener_rule_arn" { value = aws_lb_listener_rule.production.arn }
