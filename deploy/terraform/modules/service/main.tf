# One kind of process on Fargate: task, service, scaling. With `target_group_arns` it stands behind the load balancer and a new version is
# rolled out as a canary; without, tasks are replaced one by one. Either way alarms and a circuit breaker take a bad version back.
# With `tasks` of null it is a one-off task that nobody keeps running: migrations.

variable "name" { type = string }
variable "command" { type = list(string) }
variable "image" { type = string }
variable "cpu" { type = number }
variable "memory" { type = number }
variable "environment" { type = map(string) }
variable "secrets" {
  type        = map(string)
  description = "ARNs in Secrets Manager by the name of the variable."
}
variable "ports" { type = list(number) }
variable "health_command" {
  type        = list(string)
  description = "Run in the container; none for a task that ends by itself."
  default     = null
}
variable "stop_seconds" { type = number }
variable "cluster" { type = object({ arn = string, name = string }) }
variable "subnet_ids" { type = list(string) }
variable "security_group_id" { type = string }
variable "execution_role_arn" { type = string }
variable "task_role_arn" { type = string }
variable "log_group" { type = string }
variable "region" { type = string }
variable "tasks" {
  type    = object({ least = number, most = number })
  default = null
}
variable "scale_on_cpu_percent" {
  type    = number
  default = null
}
variable "scale_on_backlog" {
  type        = object({ namespace = string, metric = string, jobs_per_task = number })
  default     = null
  description = "A metric with the number of unfinished jobs, and how many of them one task is meant for."
}
variable "rollback_alarms" {
  type    = list(string)
  default = []
}
variable "load_balancer" {
  type = object({
    container_port    = number
    production_arn    = string
    alternate_arn     = string
    listener_rule_arn = string
    role_arn          = string
    canary_percent    = number
    canary_minutes    = number
    bake_minutes      = number
  })
  default = null
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = var.execution_role_arn
  task_role_arn            = var.task_role_arn
  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }
  volume {
    name = "tmp"
  }
  container_definitions = jsonencode([{
    name                   = "assay"
    image                  = var.image
    command                = var.command
    essential              = true
    user                   = "10001"
    readonlyRootFilesystem = true
    stopTimeout            = var.stop_seconds
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp" }]
    portMappings           = [for port in var.ports : { containerPort = port, protocol = "tcp" }]
    environment            = [for key in sort(keys(var.environment)) : { name = key, value = var.environment[key] }]
    secrets                = [for key in sort(keys(var.secrets)) : { name = key, valueFrom = var.secrets[key] }]
    healthCheck = var.health_command == null ? null : {
      command     = concat(["CMD"], var.health_command)
      interval    = 10
      timeout     = 3
      retries     = 3
      startPeriod = 30
    }
    logConfiguration = {
      logDriver = "awslogs"
      options   = { "awslogs-group" = var.log_group, "awslogs-region" = var.region, "awslogs-stream-prefix" = var.name }
    }
  }])
}

resource "aws_ecs_service" "this" {
  count                  = var.tasks == null ? 0 : 1
  name                   = var.name
  cluster                = var.cluster.arn
  task_definition        = aws_ecs_task_definition.this.arn
  desired_count          = var.tasks.least
  launch_type            = "FARGATE"
  platform_version       = "LATEST"
  enable_execute_command = false
  wait_for_steady_state  = true
  propagate_tags         = "SERVICE"

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  deployment_configuration {
    strategy             = var.load_balancer == null ? "ROLLING" : "CANARY"
    bake_time_in_minutes = var.load_balancer == null ? null : var.load_balancer.bake_minutes
    dynamic "canary_configuration" {
      for_each = var.load_balancer[*]
      content {
        canary_percent              = canary_configuration.value.canary_percent
        canary_bake_time_in_minutes = canary_configuration.value.canary_minutes
      }
    }
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  dynamic "alarms" {
    for_each = length(var.rollback_alarms) == 0 ? [] : [var.rollback_alarms]
    content {
      enable      = true
      rollback    = true
      alarm_names = alarms.value
    }
  }

  dynamic "load_balancer" {
    for_each = var.load_balancer[*]
    content {
      container_name   = "assay"
      container_port   = load_balancer.value.container_port
      target_group_arn = load_balancer.value.production_arn
      advanced_configuration {
        alternate_target_group_arn = load_balancer.value.alternate_arn
        production_listener_rule   = load_balancer.value.listener_rule_arn
        role_arn                   = load_balancer.value.role_arn
      }
    }
  }

  # How many there are is scaling's to say.
  lifecycle {
    ignore_changes = [desired_count]
  }
}

resource "aws_appautoscaling_target" "this" {
  count              = var.tasks == null ? 0 : 1
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster.name}/${aws_ecs_service.this[0].name}"
  min_capacity       = var.tasks.least
  max_capacity       = var.tasks.most
}

resource "aws_appautoscaling_policy" "cpu" {
  count              = var.scale_on_cpu_percent == null ? 0 : 1
  name               = "${var.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  target_tracking_scaling_policy_configuration {
    target_value       = var.scale_on_cpu_percent
    scale_out_cooldown = 30
    scale_in_cooldown  = 300
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

# Jobs per running task: twice the jobs want twice the tasks, whatever there are.
resource "aws_appautoscaling_policy" "backlog" {
  count              = var.scale_on_backlog == null ? 0 : 1
  name               = "${var.name}-backlog"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  target_tracking_scaling_policy_configuration {
    target_value       = var.scale_on_backlog.jobs_per_task
    scale_out_cooldown = 60
    scale_in_cooldown  = 300
    customized_metric_specification {
      metrics {
        id          = "backlog"
        return_data = false
        metric_stat {
          stat = "Maximum"
          metric {
            namespace   = var.scale_on_backlog.namespace
            metric_name = var.scale_on_backlog.metric
          }
        }
      }
      metrics {
        id          = "tasks"
        return_data = false
        metric_stat {
          stat = "Average"
          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"
            dimensions {
              name  = "ClusterName"
              value = var.cluster.name
            }
            dimensions {
              name  = "ServiceName"
              value = var.name
            }
          }
        }
      }
      metrics {
        id          = "each"
        expression  = "backlog / tasks"
        label       = "Unfinished jobs for each task"
        return_data = true
      }
    }
  }
}

output "task_definition_arn" { value = aws_ecs_task_definition.this.arn }
output "family" { value = aws_ecs_task_definition.this.family }
