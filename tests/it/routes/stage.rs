//! What is asked about: departments near and far, each with an entry everyone may see in part, one that nobody
//! else may see, and an import of its own.

use serde_json::json;
use ureq::http::Method;

use super::Operation;
use super::actors::{self, Actor, PASSWORD};
use crate::app::Ledger;
use crate::app::service::Service;

/// A department that requests are about.
#[derive(Debug)]
pub struct Target {
    /// Its code.
    pub department: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// Seen from the liaison of SL001: own, unit, another of the same level, one of a region below.
pub const TARGETS: [Target; 4] = [
    Target {
        department: "SL001",
        name: "示例市教育局",
    },
    Target {
        department: "SL016",
        name: "示例市电化教育馆",
    },
    Target {
        department: "SL013",
        name: "示例市医疗保障局",
    },
    Target {
        department: "SL202",
        name: "示例县教育局",
    },
];

/// The service with everything that requests are about.
pub struct Stage {
    /// The service.
    pub service: Service,
    /// Everybody who asks.
    pub actors: Vec<Actor>,
    imports: Vec<String>,
}

impl Stage {
    /// Makes accounts, entries and imports, and starts the service.
    pub fn set(ledger: &Ledger) -> Self {
        actors::make_all(ledger);
        for target in &TARGETS {
            let (code, name) = (target.department, target.name);
            let systems = ledger.draw(
                &format!("{code}-systems.xlsx"),
                &[
                    "系统编码|系统名称|主管单位|系统状态",
                    &format!("S-{code}|{name}公开系统|{name}|在用"),
                ],
            );
            ledger.import_whole(&systems);
            let datasets = ledger.draw(
                &format!("{code}-datasets.xlsx"),
                &[
                    "数据资源编码|数据资源名称|数源单位|目录状态",
                    &format!("H-{code}|{name}未发布目录|{name}|待注册"),
                ],
            );
            ledger.partial(&datasets);
            actors::make(
                ledger,
                &format!("sender-{}", code.to_lowercase()),
                "liaison",
                code,
            );
        }
        ledger.import_whole(&ledger.draw(
            "links.xlsx",
            &[
                "对接编码 | 数据提供单位 | 数据使用单位 | 信息项 | 对接方式 | 更新频率 | 对接状态",
                "DJ-SL001 | 示例市教育局 | 示例市电化教育馆 | 学籍 | 服务接口 | 每日 | 运行中",
            ],
        ));
        let service = Service::start(ledger);
        let imports = TARGETS.iter().map(|t| sent(&service, t)).collect();
        let actors = actors::sign_in(ledger, &service);
        Self {
            service,
            actors,
            imports,
        }
    }

    /// The addresses an operation is asked at: with its target, whether that is hidden, and the code in it.
    pub fn addresses(
        &self,
        operation: &Operation,
    ) -> Vec<(Option<&'static Target>, bool, String, String)> {
        let path = &operation.path;
        let fill = |target: &Target, register: &str, code: &str, import: &str| {
            path.replace(
                "/departments/{code}",
                &format!("/departments/{}", target.department),
            )
            .replace("{register}", register)
            .replace("{code}", code)
            .replace("/imports/{id}", &format!("/imports/{import}"))
            .replace(
                "{id}",
                if path.starts_with("/api/v1/accounts") {
                    "17"
                } else if path.starts_with("/api/v1/issues") {
                    // One that nobody raised: whose move an issue waits for is tried in tests of their own.
                    "9999"
                } else {
                    "1"
                },
            )
            .replace("{file}", "1")
            .replace("{correction}", "1")
            .replace("{revision}", "1")
            .replace("{scan}", "1")
            .replace("{year}", "2026")
            .replace("{day}", "2026-11-24")
            .replace("{rule}", "PJ-06")
            .replace("{opinion}", "1")
            .replace("{record}", "1")
            .replace("/acts/{act}", "/acts/unlock")
            .replace("{act}", "deactivate")
            .replace("{standing}", "deactivate")
            .replace("{department}", target.department)
        };
        if path.contains("/links/{code}") {
            let path = path.replace("{code}", "DJ-SL001");
            return vec![(Some(&TARGETS[0]), false, path, String::new())];
        }
        let entry = path.contains("/entries/{register}/{code}");
        let import = path.contains("/imports/{id}");
        if !entry && !import {
            // People and what concerns them are of the first department, as are the bodies that name one.
            let of_people = ["/people", "/appointments", "/filings"]
                .iter()
                .any(|p| path.contains(p))
                // A list says in each row whom it is about.
                && !path.ends_with("/import");
            let target = of_people.then_some(&TARGETS[0]);
            let path = fill(&TARGETS[0], "information_system", "S-SL001", "1");
            return vec![(target, false, path, String::new())];
        }
        let mut out = Vec::new();
        for (target, sent) in TARGETS.iter().zip(&self.imports) {
            let open = format!("S-{}", target.department);
            out.push((
                Some(target),
                false,
                fill(target, "information_system", &open, sent),
                open,
            ));
            if entry {
                let hidden = format!("H-{}", target.department);
                out.push((
                    Some(target),
                    true,
                    fill(target, "dataset", &hidden, sent),
                    hidden,
                ));
            }
        }
        out
    }
}

/// Whether an address names something inside what it names first; that may well be absent.
pub fn has_inner_id(path: &str) -> bool {
    path.matches('{').count() > usize::from(path.contains("{register}")) + 1
        || (path.ends_with("{id}") && !path.contains("/imports/{id}"))
        || (path.contains("{id}") && !path.contains("/imports/{id}"))
        || path.contains("/review-sheets/")
        || path.contains("/campaign-certificates/")
}

/// An import that a liaison of the department sent in.
fn sent(service: &Service, target: &Target) -> String {
    let login = format!("sender-{}", target.department.to_lowercase());
    let token = service.token(&login, PASSWORD);
    let file = format!("系统名称,主管单位\n{}新系统,{}\n", target.name, target.name);
    let answer = service
        .ask(Method::POST, "/api/v1/imports")
        .bearer(&token)
        .upload("a.csv", file.as_bytes(), &[]);
    assert_eq!(answer.status, 202, "{answer:?}");
    let id = answer.json()["id"].to_string();
    for _ in 0..400 {
        let state = service
            .ask(Method::GET, &format!("/api/v1/imports/{id}"))
            .bearer(&token)
            .send()
            .json();
        if state["state"] == json!("previewed") {
            return id;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("import {id} of {} is never previewed", target.department);
}
