//! What holds a statement in bounds, whoever runs the plan: its time, after which the rows stop with an error, and the rows
//! of its batches.
//!
//! Operators put short batches together to 8,192 rows. Of log lines of 50 kB that is 400 MB, which nobody has reserved:
//! where the text of a table is long, a plan over it has smaller batches.

use super::table::EventScan;
use arrow::array::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties};
use futures::Stream;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// What the error says; by it a timeout is told from other failures.
pub(super) const OVER: &str = "the statement took longer than ";

/// Puts every plan in bounds.
#[derive(Debug)]
pub(super) struct BoundsRule(pub(super) Duration);

impl PhysicalOptimizerRule for BoundsRule {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut batch_rows: usize = config.execution.batch_size.into();
        plan.apply(|node| {
            if let Some(scan) = (node.as_ref() as &dyn Any).downcast_ref::<EventScan>() {
                batch_rows = batch_rows.min(scan.batch_rows());
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(Arc::new(Bounds { plan, timeout: self.0, batch_rows }))
    }

    fn name(&self) -> &str {
        "bounds"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Bounds {
    plan: Arc<dyn ExecutionPlan>,
    timeout: Duration,
    batch_rows: usize,
}

impl Bounds {
    /// The context with smaller batches, if it has larger ones.
    fn context(&self, context: Arc<TaskContext>) -> Arc<TaskContext> {
        if context.session_config().batch_size() <= self.batch_rows {
            return context;
        }
        let config = context.session_config().clone().with_batch_size(self.batch_rows);
        Arc::new(TaskContext::new(
            context.task_id(),
            context.session_id(),
            config,
            context.scalar_functions().clone(),
            context.higher_order_functions().clone(),
            context.aggregate_functions().clone(),
            context.window_functions().clone(),
            context.runtime_env(),
        ))
    }
}

impl DisplayAs for Bounds {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timeout = base::units::format_duration(self.timeout);
        write!(f, "Bounds: timeout={timeout}, batch_rows={}", self.batch_rows)
    }
}

impl ExecutionPlan for Bounds {
    fn name(&self) -> &str {
        "Bounds"
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
            Some(plan) => Ok(Arc::new(Bounds { plan, ..*self })),
            None => Ok(self),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.plan.execute(partition, self.context(context))?;
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
