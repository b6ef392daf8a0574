//! What makes a model of stages broken: a name that is not declared, a step without a way in or on.

use std::collections::BTreeSet;

use super::{Arrow, By, Kind, Lifecycle, Need, When, load};
use crate::register::catalogue::Catalogue;
use crate::register::codes::CodeList;
use crate::register::field::{FieldType, Register};

type Checked = Result<(), String>;

struct Bench<'b> {
    catalogue: &'b Catalogue,
    register: &'b Register,
    statuses: &'b CodeList,
    model: &'b Lifecycle,
}

/// Checks a whole model; the reason, in Chinese, when it is broken.
pub(super) fn check(catalogue: &Catalogue, model: &Lifecycle) -> Checked {
    let register = catalogue
        .register(&model.register)
        .ok_or_else(|| format!("没有登记簿 {}", model.register))?;
    let statuses = statuses(catalogue, register)
        .ok_or_else(|| format!("登记簿 {} 没有状态字段，不能有阶段模型", model.register))?;
    let status = register.keys.status.as_deref();
    // The stage board counts by the words of what is filtered by.
    if !status
        .and_then(|key| register.field(key))
        .is_some_and(|f| f.filter)
    {
        return Err(format!(
            "登记簿 {} 的状态字段应可筛选（filter = true）",
            model.register
        ));
    }
    let bench = Bench {
        catalogue,
        register,
        statuses,
        model,
    };
    bench.steps()?;
    bench.arrows()?;
    bench.gates()?;
    bench.approval()?;
    bench.retirement()?;
    for kind in &model.kinds {
        bench.kind(kind)?;
    }
    bench.reachable()
}

/// The list behind a register's status field.
fn statuses<'c>(catalogue: &'c Catalogue, register: &Register) -> Option<&'c CodeList> {
    let status = register.keys.status.as_deref()?;
    catalogue.list(register.field(status)?.list.as_deref()?)
}

fn unique<'a>(what: &str, keys: impl Iterator<Item = &'a String>) -> Checked {
    let mut seen = BTreeSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(format!("{what} {key} 重复"));
        }
    }
    Ok(())
}

impl Bench<'_> {
    fn step(&self, key: &str) -> Checked {
        if self.model.step(key).is_some() {
            Ok(())
        } else {
            Err(format!("没有步骤 {key}"))
        }
    }

    fn field(&self, key: &str) -> Checked {
        if self.register.field(key).is_some() {
            Ok(())
        } else {
            Err(format!("登记簿 {} 没有字段 {key}", self.register.key))
        }
    }

    /// Every status has its step and the other way round, so that no entry stands outside the model.
    fn steps(&self) -> Checked {
        unique("步骤", self.model.steps.iter().map(|s| &s.key))?;
        for step in &self.model.steps {
            if self.statuses.item(&step.key).is_none() {
                return Err(format!("代码表 {} 没有 {}", self.statuses.key, step.key));
            }
        }
        for item in &self.statuses.items {
            self.step(&item.code)
                .map_err(|_| format!("代码表 {} 的 {} 没有步骤", self.statuses.key, item.code))?;
        }
        self.step(&self.model.initial)
    }

    fn arrows(&self) -> Checked {
        unique("箭头", self.model.arrows.iter().map(|a| &a.key))?;
        for arrow in &self.model.arrows {
            for from in &arrow.from {
                self.step(from)?;
            }
            self.step(&arrow.to)?;
            if let Some(gate) = &arrow.gate
                && !self.model.gates.iter().any(|g| g.key == *gate)
            {
                return Err(format!("箭头 {}: 没有门槛 {gate}", arrow.key));
            }
            if arrow.by == By::Submission && (arrow.gate.is_some() || !arrow.carry.is_empty()) {
                return Err(format!("箭头 {}: 由送审走的不能写 gate、carry", arrow.key));
            }
            self.carries(arrow)?;
        }
        Ok(())
    }

    fn carries(&self, arrow: &Arrow) -> Checked {
        for carry in &arrow.carry {
            let target = self
                .register
                .field(&carry.via)
                .and_then(|f| f.refers_to.as_deref())
                .and_then(|r| self.catalogue.register(r))
                .ok_or_else(|| format!("箭头 {}: {} 不是引用字段", arrow.key, carry.via))?;
            let list = statuses(self.catalogue, target)
                .ok_or_else(|| format!("箭头 {}: {} 没有状态", arrow.key, target.key))?;
            for step in carry.from.iter().chain([&carry.to]) {
                if list.item(step).is_none() {
                    return Err(format!(
                        "箭头 {}: {} 没有步骤 {step}",
                        arrow.key, target.key
                    ));
                }
            }
        }
        Ok(())
    }

    fn gates(&self) -> Checked {
        unique("门槛", self.model.gates.iter().map(|g| &g.key))?;
        for gate in &self.model.gates {
            let named = |reason: String| format!("门槛 {}: {reason}", gate.key);
            if gate.versions.is_empty() {
                return Err(named("没有版本".to_owned()));
            }
            for (number, version) in (1..).zip(&gate.versions) {
                if version.version != number {
                    return Err(named("版本号应按施行日期从 1 起连续编号".to_owned()));
                }
                for need in &version.need {
                    self.need(need).map_err(named)?;
                }
            }
            let days: BTreeSet<_> = gate.versions.iter().map(|v| v.from).collect();
            if days.len() != gate.versions.len() {
                return Err(named("两个版本的施行日期相同".to_owned()));
            }
        }
        Ok(())
    }

    fn need(&self, need: &Need) -> Checked {
        let named = [&need.field, &need.attachment, &need.related];
        if named.iter().filter(|n| n.is_some()).count()
            + usize::from(need.links)
            + usize::from(need.ends)
            != 1
        {
            return Err("每项要求须写 field、attachment、related、links、ends 之一".to_owned());
        }
        if let Some(key) = &need.field {
            self.field(key)?;
            self.values(key, &need.is)?;
        } else if !need.is.is_empty() {
            return Err("is 只能用于 field".to_owned());
        }
        if let Some(kind) = &need.attachment {
            let kinds = self.catalogue.list(load::ATTACHMENT_KINDS);
            if kinds.and_then(|l| l.item(kind)).is_none() {
                return Err(format!("没有附件类别 {kind}"));
            }
        }
        match &need.related {
            Some(via) => self.related(need, via)?,
            None if need.of.is_some() || !need.steps.is_empty() => {
                return Err("of、steps 只能用于 related".to_owned());
            }
            None => {}
        }
        match &need.when {
            Some(When { field, values }) => {
                self.field(field)?;
                self.values(field, values)
            }
            None => Ok(()),
        }
    }

    /// Codes that a field can have.
    fn values(&self, key: &str, values: &[String]) -> Checked {
        let field = self.register.field(key);
        let list = field
            .and_then(|f| f.list.as_deref())
            .and_then(|l| self.catalogue.list(l));
        for value in values {
            let known = match (field.map(|f| f.kind), list) {
                (Some(FieldType::Choice), Some(list)) => list.item(value).is_some(),
                (Some(FieldType::Bool), _) => matches!(value.as_str(), "true" | "false"),
                _ => false,
            };
            if !known {
                return Err(format!("字段 {key} 没有值“{value}”"));
            }
        }
        Ok(())
    }

    fn related(&self, need: &Need, via: &str) -> Checked {
        let holder = match &need.of {
            Some(of) => self
                .catalogue
                .register(of)
                .ok_or_else(|| format!("没有登记簿 {of}"))?,
            None => self.register,
        };
        let to = holder
            .field(via)
            .filter(|f| f.kind == FieldType::Reference)
            .and_then(|f| f.refers_to.as_deref())
            .ok_or_else(|| format!("{} 不是 {} 的引用字段", via, holder.key))?;
        if need.of.is_some() && to != self.register.key {
            return Err(format!("{}.{via} 不指向 {}", holder.key, self.register.key));
        }
        let target = match &need.of {
            Some(_) => Some(holder),
            None => self.catalogue.register(to),
        };
        let list = target.and_then(|t| statuses(self.catalogue, t));
        for step in &need.steps {
            if list.and_then(|l| l.item(step)).is_none() {
                return Err(format!("{via} 所指的登记簿没有步骤 {step}"));
            }
        }
        Ok(())
    }

    fn approval(&self) -> Checked {
        let approval = &self.model.approval;
        let written = [
            &approval.decision,
            &approval.day,
            &approval.asked,
            &approval.amount,
            &approval.cut,
            &approval.number,
            &approval.office,
        ];
        let listed = approval.locked.iter().chain(&approval.protected);
        for key in written.into_iter().flatten().chain(listed) {
            self.field(key)?;
        }
        if let Some(change) = &self.model.change
            && self.catalogue.list(&change.reasons).is_none()
        {
            return Err(format!("没有代码表 lists/{}.csv", change.reasons));
        }
        let status = self.register.keys.status.as_ref();
        let keys = [&self.register.keys.code];
        let fixed = status.into_iter().chain(keys);
        for key in fixed {
            if self.model.locks(key) || self.model.protects(key) {
                return Err(format!("字段 {key} 本来就不能直接修改，不必列入"));
            }
        }
        Ok(())
    }

    fn retirement(&self) -> Checked {
        let Some(form) = &self.model.retirement else {
            return Ok(());
        };
        let named = |reason: String| format!("下线表单: {reason}");
        for key in &form.fields {
            self.field(key).map_err(named)?;
        }
        for gate in &form.gates {
            if !self.model.gates.iter().any(|g| g.key == *gate) {
                return Err(named(format!("没有门槛 {gate}")));
            }
        }
        if let Some(kind) = form.kind.as_ref().filter(|k| self.model.kind(k).is_none()) {
            return Err(named(format!("没有送审 {kind}")));
        }
        let Some(key) = &form.replacement else {
            return Ok(());
        };
        let field = self.register.field(key);
        let to = field.and_then(|f| f.refers_to.as_deref());
        if to == Some(self.register.key.as_str()) && form.fields.contains(key) {
            return Ok(());
        }
        Err(named(format!("{key} 应是表单中指向本登记簿的引用字段")))
    }

    /// Wherever a submission can go, an arrow leads there.
    fn kind(&self, kind: &Kind) -> Checked {
        let named = |reason: String| format!("送审 {}: {reason}", kind.key);
        if let Some(gate) = &kind.gate
            && !self.model.gates.iter().any(|g| g.key == *gate)
        {
            return Err(named(format!("没有门槛 {gate}")));
        }
        if let Some(season) = &kind.season {
            self.field(season).map_err(named)?;
        }
        let way = |from: &String, to: &String| {
            self.step(from)?;
            self.step(to)?;
            if from == to || self.model.by_submission(from, to).is_some() {
                Ok(())
            } else {
                Err(format!("没有从 {from} 到 {to} 的箭头"))
            }
        };
        if let Some(during) = &kind.during {
            way(&during.from, &during.to).map_err(named)?;
            way(&during.to, &during.from).map_err(named)?;
        }
        let Some(s) = &kind.steps else {
            return Ok(());
        };
        let mut ways = vec![
            (&s.drafting, &s.checking),
            (&s.checking, &s.drafting),
            (&s.checking, &s.approving),
            (&s.approving, &s.drafting),
            (&s.approving, &s.submitted),
            (&s.submitted, &s.form_check),
            (&s.form_check, &s.returned),
            (&s.returned, &s.checking),
        ];
        let in_hand = [
            &s.drafting,
            &s.checking,
            &s.approving,
            &s.submitted,
            &s.returned,
        ];
        ways.extend(in_hand.map(|from| (from, &s.withdrawn)));
        ways.extend(kind.starts.iter().map(|from| (from, &s.drafting)));
        let decided_at = s.joint_review.as_ref().unwrap_or(&s.form_check);
        if let Some(joint) = &s.joint_review {
            ways.push((&s.form_check, joint));
        }
        let outcomes = [
            Some(&s.passed),
            s.cut.as_ref(),
            Some(&s.rejected),
            s.merged.as_ref(),
        ];
        ways.extend(outcomes.into_iter().flatten().map(|to| (decided_at, to)));
        ways.push((decided_at, &s.returned));
        ways.into_iter()
            .try_for_each(|(from, to)| way(from, to))
            .map_err(named)
    }

    /// Every step can be reached from the first; only what nothing leaves is an end.
    fn reachable(&self) -> Checked {
        let mut reached = BTreeSet::from([self.model.initial.as_str()]);
        loop {
            let before = reached.len();
            for arrow in &self.model.arrows {
                if arrow.from.iter().any(|f| reached.contains(f.as_str())) {
                    reached.insert(&arrow.to);
                }
            }
            if reached.len() == before {
                break;
            }
        }
        let lost = self
            .model
            .steps
            .iter()
            .find(|s| !reached.contains(s.key.as_str()));
        lost.map_or(Ok(()), |s| Err(format!("没有箭头通到步骤 {}", s.key)))
    }
}
