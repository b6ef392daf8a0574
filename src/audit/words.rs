//! What people read for an action of the audit log.

/// Actions by group, each with its words.
pub const ACTIONS: [(&str, &[(&str, &str)]); 7] = [
    (
        "登录和凭据",
        &[
            ("sign_in", "登录"),
            ("sign_out", "退出"),
            ("lock", "锁定"),
            ("unlock", "解锁"),
            ("change_password", "修改密码"),
            ("set_up_totp", "启用动态口令"),
            ("remove_totp", "停用动态口令"),
            ("create_token", "建立接口令牌"),
            ("revoke_token", "吊销接口令牌"),
            ("end_session", "结束登录"),
            ("end_all_sessions", "结束全部登录"),
            ("refresh_reuse", "旧刷新令牌被再次使用"),
        ],
    ),
    (
        "账号和角色",
        &[
            ("set_up", "首次设置"),
            ("create_account", "建立账号"),
            ("update_account", "修改账号"),
            ("deactivate_account", "停用账号"),
            ("reactivate_account", "启用账号"),
            ("reset_password", "重置密码"),
            ("grant_role", "授予角色"),
            ("end_role", "终止角色"),
            ("rotate_key", "更换签名密钥"),
        ],
    ),
    (
        "账目",
        &[
            ("upload_import", "上传表格"),
            ("apply_import", "应用导入"),
            ("undo_import", "撤销导入"),
            ("discard_import", "放弃导入"),
            ("export", "导出"),
            ("add_attachment", "添加附件"),
            ("download_attachment", "下载附件"),
            ("remove_attachment", "移除附件"),
            ("save_view", "保存视图"),
            ("delete_view", "删除视图"),
            ("check_duplicates", "查重"),
            ("answer_duplicate", "答复查重结果"),
            ("change_build_list", "维护统建和负面清单"),
            ("merge_entries", "合并条目"),
            ("undo_merge", "撤销合并"),
        ],
    ),
    (
        "审核与阶段",
        &[
            ("submission_act", "送审办理"),
            ("stage_act", "阶段办理"),
            ("review_opinion", "评审意见"),
            ("finding", "审核问题"),
            ("review_sheet", "打印审核单"),
            ("open_campaign", "开展年度核对"),
            ("reschedule_campaign", "调整年度核对截止日"),
            ("answer_campaign", "年度核对答复"),
            ("submit_campaign", "提交年度核对"),
            ("share_request", "共享申请办理"),
            ("catalogue_extension", "目录更新延期"),
            ("settle_campaign", "处理不属本单位条目"),
            ("close_campaign", "结束年度核对"),
        ],
    ),
    (
        "对接难点问题",
        &[
            ("link_act", "确认或异议对接"),
            ("open_issue", "提出难点问题"),
            ("issue_step", "难点问题办理"),
            ("issue_summary", "导出工作调度"),
        ],
    ),
    (
        "机构与人员",
        &[
            ("load_departments", "载入机构名录"),
            ("make_department", "设立机构"),
            ("load_people", "导入人员名单"),
            ("export_people", "导出人员名单"),
            ("see_contacts", "查看联系方式"),
            ("link_account", "关联账号"),
            ("filing_step", "备案办理"),
            ("add_scan", "上传盖章扫描件"),
        ],
    ),
    (
        "日历和时限",
        &[
            ("set_calendar_day", "修改工作日历"),
            ("set_calendar_year", "设置年度日历"),
            ("load_calendar", "导入年度日历"),
            ("set_time_limit", "修改办理时限"),
            ("recompute_deadlines", "重算到期日"),
        ],
    ),
];

/// The words for an action; its own name where it has none.
#[must_use]
pub fn label(action: &str) -> &str {
    let mut all = ACTIONS.iter().flat_map(|(_, actions)| actions.iter());
    all.find(|(word, _)| *word == action)
        .map_or(action, |(_, label)| label)
}

/// Names of what a line tells besides.
const KEYS: [(&str, &str); 23] = [
    ("by", "方式"),
    ("totp", "动态口令"),
    ("why", "原因"),
    ("rule", "规则"),
    ("minutes", "分钟"),
    ("role", "角色"),
    ("name", "姓名"),
    ("department", "部门编号"),
    ("token", "令牌编号"),
    ("session", "会话编号"),
    ("writes", "可写入"),
    ("days", "天数"),
    ("forget", "废弃旧密钥"),
    ("register", "登记簿"),
    ("rows", "行数"),
    ("file", "文件"),
    ("reason", "原因"),
    ("before", "原为"),
    ("after", "改为"),
    ("source", "依据"),
    ("published", "已公布"),
    ("moved", "变动的到期日"),
    ("entries", "涉及条目"),
];

/// Words for what is told, where they are words of the program.
const VALUES: [(&str, &str); 9] = [
    ("browser", "浏览器"),
    ("tokens", "程序"),
    ("password", "密码不正确"),
    ("locked", "已锁定"),
    ("inactive", "账号已停用"),
    ("used", "凭据已失效或已用过"),
    ("true", "是"),
    ("false", "否"),
    ("null", "无"),
];

/// What a line tells besides, in words: `角色: 数据专员，天数: 30`.
#[must_use]
pub fn detail(json: &str) -> String {
    let Ok(serde_json::Value::Object(map)) = serde_json::from_str(json) else {
        return json.to_owned();
    };
    let known = |list: &[(&str, &str)], word: &str| {
        let found = list.iter().find(|(key, _)| *key == word);
        found.map_or_else(|| word.to_owned(), |(_, words)| (*words).to_owned())
    };
    let value = |key: &str, value: serde_json::Value| {
        let text = match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        match (key, crate::auth::Role::from_word(&text)) {
            ("role", Some(role)) => role.label().to_owned(),
            ("why", _) if text == "totp" => "动态口令不正确".to_owned(),
            ("name" | "rule", _) => text,
            _ => known(&VALUES, &text),
        }
    };
    let told = map
        .into_iter()
        .map(|(key, v)| format!("{}: {}", known(&KEYS, &key), value(&key, v)));
    told.collect::<Vec<_>>().join("，")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_in_words() {
        assert_eq!(label("grant_role"), "授予角色");
        assert_eq!(label("something_new"), "something_new");
        assert_eq!(detail(r#"{"role":"specialist"}"#), "角色: 数据专员");
        assert_eq!(detail(r#"{"why":"totp"}"#), "原因: 动态口令不正确");
        assert_eq!(
            detail(r#"{"by":"browser","totp":true}"#),
            "方式: 浏览器，动态口令: 是"
        );
        assert_eq!(detail("no json"), "no json");
    }
}
