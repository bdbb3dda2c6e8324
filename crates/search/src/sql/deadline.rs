//! A statement's time: when it is over, the rows stop with an error, whoever runs the plan.

use arrow::array::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties};
use futures::Stream;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// What the error says; by it a timeout is told from other failures.
pub(super) const OVER: &str = "the statement took longer than ";

/// Puts every plan under a deadline.
#[derive(Debug)]
pub(super) struct DeadlineRule(pub(super) Duration);

impl PhysicalOptimizerRule for DeadlineRule {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Deadline { plan, timeout: self.0 }))
    }

    fn name(&self) -> &str {
        "deadline"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Deadline {
    plan: Arc<dyn ExecutionPlan>,
    timeout: Duration,
}

impl DisplayAs for Deadline {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deadline: {}", base::units::format_duration(self.timeout))
    }
}

impl ExecutionPlan for Deadline {
    fn name(&self) -> &str {
        "Deadline"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.plan.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.plan]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(plan) => Ok(Arc::new(Deadline { plan, timeout: self.timeout })),
            None => Ok(self),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.plan.execute(partition, context)?;
        let timed = Timed {
            rows: Some(rows),
            sleep: Box::pin(tokio::time::sleep(self.timeout)),
            timeout: self.timeout,
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), timed)))
    }
}

struct Timed {
    /// None after the end.
    rows: Option<SendableRecordBatchStream>,
    sleep: Pin<Box<Sleep>>,
    timeout: Duration,
}

impl Stream for Timed {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.rows.is_none() {
            return Poll::Ready(None);
        }
        if self.sleep.as_mut().poll(context).is_ready() {
            // Dropping the rows ends the work below.
            self.rows = None;
            let timeout = base::units::format_duration(self.timeout);
            return Poll::Ready(Some(Err(DataFusionError::Execution(format!("{OVER}{timeout}")))));
        }
        match &mut self.rows {
            Some(rows) => rows.as_mut().poll_next(context),
            None => Poll::Ready(None),
        }
    }
}
