//! Lists of departments and of people: in by workbook with a preview first, out, and the empty template.
//!
//! A file that was looked at waits in the data folder, one for each account and kind, until it is confirmed.

use std::path::PathBuf;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use sm3::{Digest as _, Sm3};

use crate::auth::Right;
use crate::error::{Doing, Error, Problem, Result};
use crate::org::load::Problem as Wrong;
use crate::org::load::{self, Mode};
use crate::org::person::Filter;
use crate::org::roster::{self, Outcome};
use crate::sheet::export::ExportFormat;
use crate::web::answer::{Failure, see_other};
use crate::web::caller::{Ask, Caller};
use crate::web::page::{Next, Shell};
use crate::web::posted::Posted;
use crate::web::upload;

type Answer = std::result::Result<HttpResponse, Failure>;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Departments,
    People,
}

impl Kind {
    fn home(self) -> &'static str {
        match self {
            Self::Departments => "/organisation",
            Self::People => "/people",
        }
    }

    fn right(self) -> Right {
        match self {
            Self::Departments => Right::ManageOrganisation,
            Self::People => Right::ManagePeople,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Departments => "载入机构名录",
            Self::People => "导入人员名单",
        }
    }
}

/// What a list would change, in figures and row by row.
#[derive(Default)]
struct Preview {
    figures: Vec<(&'static str, usize)>,
    rows: Vec<Outcome>,
    problems: Vec<Wrong>,
    digest: String,
    applied: bool,
    changes: bool,
}

#[derive(Template)]
#[template(path = "lists/import.html")]
struct Import {
    shell: Shell,
    home: &'static str,
    label: &'static str,
    preview: Option<Preview>,
    problems: Vec<Problem>,
}

fn page(ask: &Ask<'_>, kind: Kind, preview: Option<Preview>, problems: Vec<Problem>) -> Import {
    Import {
        shell: ask.shell(kind.title(), kind.home()),
        home: kind.home(),
        label: if kind == Kind::People {
            "人员"
        } else {
            "机构"
        },
        preview,
        problems,
    }
}

async fn form(caller: Caller, kind: Kind) -> Answer {
    caller
        .page(move |ask| {
            ask.viewer.may_anywhere(kind.right())?;
            Ok(page(ask, kind, None, Vec::new()))
        })
        .await
}

/// Where the file of this account waits.
fn waiting(ask: &Ask<'_>, kind: Kind) -> PathBuf {
    let account = ask.viewer.account().unwrap_or_default();
    let word = kind.home().trim_start_matches('/');
    ask.app.data.join("lists").join(format!("{account}-{word}"))
}

fn digest(bytes: &[u8]) -> String {
    let hash = Sm3::digest(bytes);
    hash.iter().map(|b| format!("{b:02x}")).collect()
}

fn run(ask: &mut Ask<'_>, kind: Kind, mode: Mode) -> Result<Preview> {
    let file = waiting(ask, kind);
    let digest = digest(&std::fs::read(&file).doing("读取上传的文件")?);
    let (conn, viewer, parser) = (&mut *ask.conn, &ask.viewer, &ask.app.parser);
    Ok(match kind {
        Kind::Departments => {
            let with = (parser, &ask.app.catalogue);
            let out = load::take_in(conn, viewer, with, &file, mode)?;
            Preview {
                figures: vec![("新增", out.new), ("更新", out.changed), ("未变", out.same)],
                applied: mode == Mode::Apply && out.problems.is_empty(),
                changes: out.new + out.changed > 0,
                problems: out.problems,
                rows: Vec::new(),
                digest,
            }
        }
        Kind::People => {
            let out = roster::take_in(conn, viewer, parser, &file, mode)?;
            Preview {
                figures: vec![
                    ("新增人员", out.new),
                    ("更正人员", out.changed),
                    ("任职", out.appointed),
                    ("免任", out.dismissed),
                    ("未变", out.same),
                ],
                applied: out.applied,
                changes: out.new + out.changed + out.appointed + out.dismissed > 0,
                problems: out.problems,
                rows: out
                    .rows
                    .into_iter()
                    .filter(|r| !r.changes.is_empty())
                    .collect(),
                digest,
            }
        }
    })
}

async fn send(request: HttpRequest, payload: web::Payload, kind: Kind) -> Answer {
    let sent = upload::take_for(&request, payload, kind.right()).await?;
    let token = sent.csrf().map(str::to_owned);
    let caller = Caller::of(&request)?.with_csrf(token.as_deref());
    let body = caller.change(move |ask| {
        ask.viewer.may_anywhere(kind.right())?;
        let Some((_, incoming)) = sent.file.filter(|(name, _)| !name.is_empty()) else {
            let problem = Problem::new("file", "required", "请选择文件", "");
            let page = page(ask, kind, None, vec![problem]).render();
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page.doing("生成页面")?));
        };
        let file = waiting(ask, kind);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).doing("建立数据目录")?;
        }
        std::fs::copy(incoming.path(), &file).doing("保存上传的文件")?;
        let (status, page) = match run(ask, kind, Mode::Check) {
            Ok(preview) => (StatusCode::OK, page(ask, kind, Some(preview), Vec::new())),
            Err(error @ Error::Input { .. }) => {
                let problem = Problem::new("file", error.code(), &error.to_string(), "");
                let page = page(ask, kind, None, vec![problem]);
                (StatusCode::UNPROCESSABLE_ENTITY, page)
            }
            Err(other) => return Err(other),
        };
        Ok((status, page.render().doing("生成页面")?))
    });
    let (status, body) = body.await?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(body))
}

async fn apply(posted: Posted, kind: Kind) -> Answer {
    let Posted { caller, fields } = posted;
    caller
        .act(move |ask| {
            ask.viewer.may_anywhere(kind.right())?;
            let file = waiting(ask, kind);
            let bytes = std::fs::read(&file).unwrap_or_default();
            // What is applied is what was looked at.
            if bytes.is_empty() || fields.get("digest") != Some(digest(&bytes).as_str()) {
                let problem = Problem::new("file", "gone", "预览已过期", "请重新上传");
                return Next::again(&page(ask, kind, None, vec![problem]));
            }
            let done = run(ask, kind, Mode::Apply)?;
            if !done.applied {
                return Next::again(&page(ask, kind, Some(done), Vec::new()));
            }
            let _ = std::fs::remove_file(&file);
            let told: Vec<String> = done
                .figures
                .iter()
                .map(|(label, count)| format!("{label} {count}"))
                .collect();
            let more = if kind == Kind::People {
                "。任免已生成备案，请到“备案”提交"
            } else {
                ""
            };
            let message = format!("已导入: {}{more}", told.join("，"));
            Ok(Next::saying(kind.home(), &message))
        })
        .await
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    format: String,
    department: String,
}

/// A file to save, whatever its name holds.
pub(in crate::web) fn download(name: &str, media: &str, bytes: Vec<u8>) -> HttpResponse {
    let coded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let disposition = format!("attachment; filename=\"download\"; filename*=UTF-8''{coded}");
    HttpResponse::Ok()
        .content_type(media.to_owned())
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(bytes)
}

async fn export(caller: Caller, wanted: Wanted, kind: Kind) -> Answer {
    let format = match wanted.format.as_str() {
        "csv" => ExportFormat::Csv,
        _ => ExportFormat::Xlsx,
    };
    // The export of people is written into the audit log.
    let bytes = caller.change(move |ask| {
        let folder = tempfile::tempdir().doing("生成文件")?;
        let out = folder.path().join("list");
        match kind {
            Kind::Departments => {
                let regions = ask.app.catalogue.regions();
                load::export(ask.conn, &ask.viewer, regions, format, &out)?;
            }
            Kind::People => {
                let mut filter = Filter::default();
                if !wanted.department.is_empty() {
                    let (_, found) = super::organisation::coded(ask, &wanted.department)?;
                    filter.departments = Some(vec![found.id]);
                }
                let rules = ask.app.organisation;
                roster::export(ask.conn, &ask.viewer, rules, &filter, (format, &out))?;
            }
        }
        std::fs::read(&out).doing("读取生成的文件")
    });
    let stem = if kind == Kind::People {
        "人员名单"
    } else {
        "机构名录"
    };
    let name = format!("{stem}.{}", format.extension());
    Ok(download(&name, format.media_type(), bytes.await?))
}

async fn template(caller: Caller, kind: Kind) -> Answer {
    let bytes = caller.read(move |_| {
        let folder = tempfile::tempdir().doing("生成文件")?;
        let out = folder.path().join("template.xlsx");
        match kind {
            Kind::Departments => load::template(&out)?,
            Kind::People => roster::template(&out)?,
        }
        std::fs::read(&out).doing("读取生成的文件")
    });
    let name = if kind == Kind::People {
        "人员名单模板.xlsx"
    } else {
        "机构名录模板.xlsx"
    };
    let media = ExportFormat::Xlsx.media_type();
    Ok(download(name, media, bytes.await?))
}

fn desk(config: &mut web::ServiceConfig, kind: Kind) {
    let at = |end: &str| format!("{}/{end}", kind.home());
    config
        .route(
            &at("import"),
            web::get().to(move |caller: Caller| form(caller, kind)),
        )
        .route(
            &at("import"),
            web::post().to(move |request: HttpRequest, payload: web::Payload| {
                send(request, payload, kind)
            }),
        )
        .route(
            &at("import/apply"),
            web::post().to(move |posted: Posted| apply(posted, kind)),
        )
        .route(
            &at("import/apply"),
            web::get().to(move || async move { see_other(&format!("{}/import", kind.home())) }),
        )
        .route(
            &at("export"),
            web::get().to(move |caller: Caller, wanted: web::Query<Wanted>| {
                export(caller, wanted.into_inner(), kind)
            }),
        )
        .route(
            &at("template"),
            web::get().to(move |caller: Caller| template(caller, kind)),
        );
}

/// The routes of lists of departments.
pub fn organisation(config: &mut web::ServiceConfig) {
    desk(config, Kind::Departments);
}

/// The routes of lists of people.
pub fn people(config: &mut web::ServiceConfig) {
    desk(config, Kind::People);
}
