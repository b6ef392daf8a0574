//! `one-ledger`: the ledger (一本账) of a government's digital resources.
//!
//! One word per thing, the same in code, tables, API and files:
//! ledger 一本账 · register 登记簿 · entry 条目 · field 字段 · stage 阶段 · change set 变更 ·
//! revision 版本 · relation 关联 · import 导入 · problem 问题提示 · department 部门 · region 行政区划.
//!
//! Rooms, and the one direction in which they may use each other:
//! `cli, web → jobs, report, handover → campaign → review → intake → sharing → issue → deadline, impact → ledger, notice →
//! accounts, org, almanac → audit → db → auth → register, sheet, calendar`.

pub mod accounts;
pub mod almanac;
pub mod app;
pub mod audit;
pub mod auth;
pub mod calendar;
pub mod campaign;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod deadline;
pub mod error;
pub mod handover;
pub mod hex;
pub mod impact;
pub mod intake;
pub mod issue;
pub mod jobs;
pub mod ledger;
pub mod notice;
pub mod org;
pub mod register;
pub mod report;
pub mod review;
pub mod sharing;
pub mod sheet;
pub mod upkeep;
pub mod web;
pub mod words;
