//! What is done in the demo about sharing, as tables: who does what, about which data of the samples.

use crate::issue::steps::Act as Move;
use crate::sharing::request::steps::Act;

/// A link as one end records it.
pub(super) struct Recorded {
    pub(super) by: &'static str,
    pub(super) provider: &'static str,
    pub(super) consumer: &'static str,
    pub(super) dataset: &'static str,
    pub(super) mode: &'static str,
    pub(super) frequency: &'static str,
    pub(super) purpose: &'static str,
    pub(super) status: &'static str,
    pub(super) then: Then,
}

/// What becomes of a link that was recorded.
pub(super) enum Then {
    /// The other end has said nothing yet.
    Waits,
    /// Somebody of the other end confirms it.
    Confirmed(&'static str),
    /// Somebody of the other end says another frequency.
    Otherwise(&'static str, &'static str),
    /// Somebody of the other end confirms it; the provider ends it later, and says why.
    Ended(&'static str, &'static str),
}

/// The one in dispute comes before those that are confirmed: whoever confirms follows what was said so far.
pub(super) const RECORDED: [Recorded; 6] = [
    Recorded {
        by: "liaison",
        provider: "SL001",
        consumer: "SL013",
        dataset: "3/0700/000002",
        mode: "批量交换",
        frequency: "每日",
        purpose: "大学生参保资助对象核验",
        status: "运行中",
        then: Then::Otherwise("liaison2", "每月"),
    },
    Recorded {
        by: "liaison2",
        provider: "SL013",
        consumer: "SL001",
        dataset: "3/0712/000007",
        mode: "批量交换",
        frequency: "每周",
        purpose: "大学生异地就医备案核验",
        status: "联调中",
        then: Then::Waits,
    },
    Recorded {
        by: "liaison",
        provider: "SL002",
        consumer: "SL001",
        dataset: "3/0701/000011",
        mode: "服务接口",
        frequency: "实时",
        purpose: "义务教育入学资格核验",
        status: "运行中",
        then: Then::Waits,
    },
    Recorded {
        by: "liaison3",
        provider: "SL003",
        consumer: "SL001",
        dataset: "3/0702/000001",
        mode: "服务接口",
        frequency: "每日",
        purpose: "家庭经济困难学生资助核验",
        status: "运行中",
        then: Then::Confirmed("specialist"),
    },
    Recorded {
        by: "liaison3",
        provider: "SL003",
        consumer: "SL002",
        dataset: "3/0702/000008",
        mode: "文件下载",
        frequency: "每月",
        purpose: "高龄老人户籍信息比对",
        status: "对接中",
        then: Then::Confirmed("specialist4"),
    },
    Recorded {
        by: "liaison3",
        provider: "SL003",
        consumer: "SL013",
        dataset: "3/0702/000027",
        mode: "服务接口",
        frequency: "实时",
        purpose: "生育保险待遇核验",
        status: "运行中",
        then: Then::Ended("cdo2", "已改由省平台统一提供，双方协商一致并报主管部门备案"),
    },
];

/// A system whose sheet names departments to which no link leads yet.
pub(super) const PROPOSING: [(&str, &str); 5] = [
    ("system_name", "学生资助管理信息系统"),
    ("owner_org", "示例市教育局"),
    ("status", "在用"),
    ("main_function", "家庭经济困难学生认定、资助发放和公示"),
    (
        "shared_with",
        "示例市人力资源和社会保障局；示例市市场监督管理局",
    ),
];

/// An act about a request: who, what, and what is said.
pub(super) struct Done {
    pub(super) by: &'static str,
    pub(super) act: Act,
    pub(super) note: &'static str,
    /// For a drafted answer.
    pub(super) verdict: &'static str,
    pub(super) basis: &'static str,
}

const fn done(by: &'static str, act: Act, note: &'static str) -> Done {
    Done {
        by,
        act,
        note,
        verdict: "",
        basis: "",
    }
}

/// A share request, and how far it comes.
pub(super) struct Asked {
    pub(super) by: &'static str,
    pub(super) dataset: &'static str,
    pub(super) system: &'static str,
    pub(super) basis: &'static str,
    pub(super) scene: &'static str,
    pub(super) argument: &'static str,
    pub(super) acts: &'static [Done],
}

pub(super) const ASKED: [Asked; 7] = [
    Asked {
        by: "liaison2",
        dataset: "3/0700/000016",
        system: "医保参保登记系统",
        basis: "《社会保险法》第二十五条",
        scene: "新生参保登记核验",
        argument: "",
        acts: &[],
    },
    Asked {
        by: "liaison",
        dataset: "3/0708/000030",
        system: "校园安全视频联网系统",
        basis: "《校车安全管理条例》第十五条",
        scene: "上下学线路与公交接驳核验",
        argument: "",
        acts: &[done("liaison", Act::HandIn, "")],
    },
    Asked {
        by: "liaison",
        dataset: "3/0702/000013",
        system: "民办学校管理系统",
        basis: "《民办教育促进法》第十八条",
        scene: "民办学校举办者登记信息核验",
        argument: "",
        acts: &[
            done("liaison", Act::HandIn, ""),
            done("specialist", Act::Approve, "同意申请"),
        ],
    },
    Asked {
        by: "liaison2",
        dataset: "3/0702/000008",
        system: "长期护理保险系统",
        basis: "《关于扩大长期护理保险制度试点的指导意见》",
        scene: "长期护理保险待遇资格核验",
        argument: "",
        acts: &[
            done("liaison2", Act::HandIn, ""),
            done("cdo2", Act::Approve, "同意申请"),
            done(
                "liaison3",
                Act::AskPapers,
                "一、使用系统的等级保护备案证明；二、岗位授权清单；三、数据安全承诺书",
            ),
        ],
    },
    Asked {
        by: "liaison3",
        dataset: "3/0700/000016",
        system: "困境儿童关爱服务系统",
        basis: "《未成年人保护法》第四十三条",
        scene: "困境儿童助学情况核验",
        argument: "",
        acts: &[
            done("liaison3", Act::HandIn, ""),
            done("cdo3", Act::Approve, "同意申请"),
            Done {
                verdict: "agree",
                ..done("liaison", Act::DraftAnswer, "同意以服务接口提供")
            },
            done("specialist", Act::Agree, ""),
        ],
    },
    Asked {
        by: "liaison3",
        dataset: "3/0712/000014",
        system: "社会救助管理系统",
        basis: "《社会救助暂行办法》第五十八条",
        scene: "医疗救助对象违规线索比对",
        argument: "救助资金监管需要核对医保稽核结论",
        acts: &[
            done("liaison3", Act::HandIn, ""),
            done("cdo3", Act::Approve, "同意申请"),
            Done {
                verdict: "refuse",
                basis: "《医疗保障基金使用监督管理条例》第三十二条",
                ..done(
                    "liaison2",
                    Act::DraftAnswer,
                    "稽核信息涉及未办结案件，依法不得提供；办结后可按案件逐件函询",
                )
            },
            done("cdo2", Act::Refuse, ""),
        ],
    },
    Asked {
        by: "liaison",
        dataset: "3/0702/000027",
        system: "教师资格认定系统",
        basis: "《教师资格条例》第十五条",
        scene: "教师资格认定中的姓名变更核验",
        argument: "",
        acts: &[
            done("liaison", Act::HandIn, ""),
            done("specialist", Act::Approve, "同意申请"),
            done(
                "liaison3",
                Act::AskExtension,
                "接口正在改造，需与省级系统联调",
            ),
        ],
    },
];

/// Working days of the extension that is asked for.
pub(super) const EXTENSION: i32 = 5;

/// A step of an issue.
pub(super) enum Step {
    /// Somebody acts on it.
    Act(&'static str, Move, &'static str),
    /// Somebody corrects the summary of the dataset that it is about.
    Correct(&'static str, &'static str),
}

/// An issue: who raises it about which dataset, and what is done about it.
pub(super) struct Raised {
    pub(super) by: &'static str,
    pub(super) kind: &'static str,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) ends: (&'static str, &'static str),
    pub(super) dataset: &'static str,
    pub(super) steps: &'static [Step],
}

pub(super) const RAISED: [Raised; 4] = [
    Raised {
        by: "cdo",
        kind: "no_interface",
        title: "异地就医信息没有可用的查询接口",
        text: "重病学生补助核验仍靠人工开具证明，医保系统没有单人查询接口。",
        ends: ("SL001", "SL013"),
        dataset: "3/0712/000007",
        steps: &[],
    },
    Raised {
        by: "cdo3",
        kind: "network",
        title: "实有人口比对接口频繁超时",
        text: "每月批量比对三万人，三成请求超时，救助对象复核不能按期完成。",
        ends: ("SL003", "SL002"),
        dataset: "3/0701/000011",
        steps: &[
            Step::Act(
                "specialist4",
                Move::Answer,
                "接口由省厅统一部署，本局无法扩容",
            ),
            Step::Act("cdo3", Move::Escalate, "双方协商三周没有结果，请市级协调"),
        ],
    },
    Raised {
        by: "cdo2",
        kind: "wrong_data",
        title: "养老服务信息缺少机构床位数",
        text: "长期护理保险核定床位时没有机构床位数和入住人数，须逐家电话核实。",
        ends: ("SL013", "SL003"),
        dataset: "3/0702/000008",
        steps: &[
            Step::Correct(
                "liaison3",
                "示例市民政局掌握的养老服务信息，含机构名称、床位数、入住人数",
            ),
            Step::Act("cdo3", Move::Propose, "目录已补充床位数和入住人数"),
        ],
    },
    Raised {
        by: "cdo3",
        kind: "standard_mismatch",
        title: "招生考试信息的证件类型代码不一致",
        text: "困境儿童核验时证件类型用的是自编代码，不能与救助系统比对。",
        ends: ("SL003", "SL001"),
        dataset: "3/0700/000016",
        steps: &[
            Step::Correct(
                "liaison",
                "示例市教育局掌握的招生考试信息，证件类型按 GB/T 2261 系列编码",
            ),
            Step::Act("cdo", Move::Propose, "已按国家标准转换并重新发布"),
            Step::Act("cdo3", Move::Confirm, "比对一致"),
        ],
    },
];
