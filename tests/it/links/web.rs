//! Links over HTTP: reading, confirming with a version, refusals.

use serde_json::json;
use ureq::http::Method;

use crate::app::Ledger;
use crate::app::service::Service;
use crate::routes::actors::{self, PASSWORD};

/// A link between the education bureau and the medical insurance bureau of the sample city, by the first.
pub fn link(ledger: &Ledger) {
    ledger.import_whole(&ledger.draw(
        "datasets.xlsx",
        &[
            "数据资源代码 | 数据资源名称 | 数源单位 | 目录状态",
            "SJ-1 | 学籍信息 | 示例市教育局 | 已发布",
        ],
    ));
    ledger.import_whole(&ledger.draw(
        "links.xlsx",
        &[
            "对接编码 | 数据提供单位 | 数据使用单位 | 数据资源 | 对接方式 | 更新频率 | 使用场景 | 对接状态",
            "DJ-A | 示例市教育局 | 示例市医疗保障局 | SJ-1 | 服务接口 | 每日 | 参保核验 | 运行中",
            "DJ-B | 示例市医疗保障局 | 示例市教育局 | | 批量交换 | 每周 | 资助核验 | 运行中",
        ],
    ));
}

#[test]
fn a_link_is_read_confirmed_and_disputed_over_http() {
    let ledger = Ledger::settled();
    link(&ledger);
    actors::make_all(&ledger);
    actors::make(&ledger, "cdo-13", "cdo", "SL013");
    let service = Service::start(&ledger);
    let (own, other) = (
        service.token("cdo", PASSWORD),
        service.token("cdo-13", PASSWORD),
    );
    let stranger = service.token("bureau-county", PASSWORD);
    let page = service
        .ask(Method::GET, "/api/v1/links?view=mine")
        .bearer(&other)
        .send();
    assert_eq!(page.json()["counts"]["mine"], json!(1), "{page:?}");
    let unknown = service
        .ask(Method::GET, "/api/v1/links?view=nothing")
        .bearer(&other)
        .send();
    assert_eq!(unknown.status, 422, "{unknown:?}");
    let read = service
        .ask(Method::GET, "/api/v1/links/DJ-A")
        .bearer(&other)
        .send();
    assert_eq!(read.json()["waits_for"], json!("consumer"), "{read:?}");
    let hidden = service
        .ask(Method::GET, "/api/v1/links/DJ-A")
        .bearer(&stranger)
        .send();
    assert!(hidden.status == 403 || hidden.status == 404, "{hidden:?}");
    let tag = read.header("etag").unwrap().to_owned();
    let post = |token: &str, act: &str| {
        service
            .ask(Method::POST, &format!("/api/v1/links/DJ-A/{act}"))
            .bearer(token)
    };
    assert_eq!(post(&other, "confirm").send().status, 428);
    assert_eq!(
        post(&other, "confirm")
            .header("If-Match", "\"77\"")
            .send()
            .status,
        412
    );
    let done = post(&other, "confirm").header("If-Match", &tag).send();
    assert_eq!(done.json()["standing"], json!("confirmed"), "{done:?}");
    let again = done.header("etag").unwrap().to_owned();
    assert_eq!(
        post(&other, "confirm")
            .header("If-Match", &again)
            .send()
            .status,
        409
    );
    let wrong = post(&own, "dispute")
        .header("If-Match", &again)
        .json(&json!({"note": ""}));
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let disputed = post(&own, "dispute")
        .header("If-Match", &again)
        .json(&json!({"note": "没有这个接口"}));
    assert_eq!(
        disputed.json()["standing"],
        json!("disputed"),
        "{disputed:?}"
    );
}
