//! From the labels a target exposes to the labels that are stored.

use crate::job::Job;
use model::{Labels, LabelsBuilder};

/// Added before a label that a target exposes under the name of one of its own.
const EXPORTED: &str = "exported_";

/// Adds the target's labels and runs the job's rules. `false` when the series is dropped.
///
/// `raw` is the series as exposed: it shows labels with an empty value, which a builder does not hold and which, with
/// `honor_labels`, take the target's label of that name away.
pub fn sample_labels(builder: &mut LabelsBuilder, raw: &[u8], target: &Labels, job: &Job) -> bool {
    if job.config.honor_labels {
        for (name, value) in target.iter() {
            if builder.get(name).is_none() && !exposes_empty(raw, name) {
                builder.set(name, value);
            }
        }
    } else {
        let mut conflicts: Vec<(&str, String)> = Vec::new();
        for (name, value) in target.iter() {
            if let Some(exposed) = builder.get(name) {
                conflicts.push((name, exposed.to_owned()));
            }
            builder.set(name, value);
        }
        // Short names first: `exported_a` may be the name of another conflict.
        conflicts.sort_by_key(|(name, _)| name.len());
        for (name, exposed) in conflicts {
            let mut free = format!("{EXPORTED}{name}");
            while builder.get(&free).is_some() {
                free.insert_str(0, EXPORTED);
            }
            builder.set(&free, &exposed);
        }
    }
    job.metric_relabel.apply(builder) && !builder.is_empty()
}

/// Whether `name=""` stands among the labels of a series in one of the text formats.
fn exposes_empty(raw: &[u8], name: &str) -> bool {
    for needle in [format!("{name}=\"\""), format!("\"{name}\"=\"\"")] {
        for at in memchr::memmem::find_iter(raw, needle.as_bytes()) {
            if at > 0 && matches!(raw[at - 1], b'{' | b',' | b' ' | b'\t') {
                return true;
            }
        }
    }
    false
}

/// The labels of a report series, `up` and its kin.
pub fn report_labels(name: &str, target: &Labels) -> Labels {
    let mut builder = target.to_builder();
    builder.set(model::METRIC_NAME, name);
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::testing;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn labels(pairs: Pairs<'_>) -> Labels {
        Labels::from_pairs(pairs.iter().copied())
    }

    fn check(yaml: &str, exposed: Pairs<'_>, raw: &str, target: Pairs<'_>, want: Option<Pairs<'_>>) {
        let mut builder = labels(exposed).to_builder();
        let keep = sample_labels(&mut builder, raw.as_bytes(), &labels(target), &testing::job(yaml));
        assert_eq!(keep.then(|| builder.build()), want.map(labels));
    }

    #[test]
    fn a_conflict_is_exported() {
        check(
            "",
            &[("__name__", "m"), ("instance", "x"), ("a", "1")],
            "m{instance=\"x\",a=\"1\"}",
            &[("instance", "t"), ("job", "j")],
            Some(&[
                ("__name__", "m"),
                ("a", "1"),
                ("exported_instance", "x"),
                ("instance", "t"),
                ("job", "j"),
            ]),
        );
        // The exported name is taken: it is exported once more.
        check(
            "",
            &[("instance", "x"), ("exported_instance", "y")],
            "",
            &[("instance", "t")],
            Some(&[("instance", "t"), ("exported_instance", "y"), ("exported_exported_instance", "x")]),
        );
        // Both names conflict.
        check(
            "",
            &[("a", "1"), ("exported_a", "2")],
            "",
            &[("a", "t"), ("exported_a", "u")],
            Some(&[
                ("a", "t"),
                ("exported_a", "u"),
                ("exported_exported_a", "1"),
                ("exported_exported_exported_a", "2"),
            ]),
        );
    }

    #[test]
    fn honored_labels_win_even_when_empty() {
        let yaml = "honor_labels: true";
        let target: Pairs<'_> = &[("instance", "t"), ("job", "j")];
        check(yaml, &[("job", "x")], "m{job=\"x\"}", target, Some(&[("instance", "t"), ("job", "x")]));
        check(yaml, &[("a", "b")], "m{a=\"b\",instance=\"\"}", target, Some(&[("a", "b"), ("job", "j")]));
        check(yaml, &[], "m{xinstance=\"\"}", target, Some(target));
    }

    #[test]
    fn rules_run_last() {
        let yaml = "metric_relabel_configs: [{source_labels: [job], regex: j, action: drop}]";
        check(yaml, &[("__name__", "m")], "m", &[("job", "j")], None);
        check(yaml, &[("__name__", "m")], "m", &[("job", "k")], Some(&[("__name__", "m"), ("job", "k")]));
        let yaml = "metric_relabel_configs: [{regex: .*, action: labeldrop}]";
        check(yaml, &[("__name__", "m")], "m", &[("job", "k")], None);
    }
}
