//! What people read for an action of the audit log.

/// Actions by group, each with its words.
pub const ACTIONS: [(&str, &[(&str, &str)]); 4] = [
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
];

/// The words for an action; its own name where it has none.
#[must_use]
pub fn label(action: &str) -> &str {
    let mut all = ACTIONS.iter().flat_map(|(_, actions)| actions.iter());
    all.find(|(word, _)| *word == action)
        .map_or(action, |(_, label)| label)
}
