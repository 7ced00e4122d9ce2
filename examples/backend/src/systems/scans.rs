//! Scan tasks: what a scanning head reads is a task for somebody. All of it is heard in `scan:<head>`.

use deadpool_sqlite::rusqlite::{self, OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};

use super::Methods;
use crate::{
    checked::{Code, Page, Title, number},
    refusal::Refusal,
    request::{Failure, Request},
};

/// So many tasks of a head wait to be done; then it reads nothing more.
const MAX_TO_DO: i64 = 10_000;

/// Of those that are done, a head's latest are kept.
const MAX_DONE: i64 = 1000;

#[derive(Serialize)]
struct Task {
    id: String,
    head: String,
    code: String,
    title: String,
    at: i64,
    /// Who does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    /// When that was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished: Option<i64>,
}

#[derive(Serialize)]
struct Progress {
    all: i64,
    assigned: i64,
    finished: i64,
}

#[derive(Deserialize)]
struct Of {
    head: String,
    #[serde(flatten)]
    page: Page,
}

#[derive(Deserialize)]
struct Scan {
    code: Code,
}

#[derive(Deserialize)]
struct Assignment {
    id: String,
    /// Whoever asks, if nobody is named.
    to: Option<Title>,
}

#[derive(Deserialize)]
struct Which {
    id: String,
}

pub(super) fn methods(methods: &mut Methods) {
    methods.reads("tasks", tasks);
    methods.reads("progress", progress);
    methods.writes("scan", scan);
    methods.writes("assign", assign);
    methods.writes("finish", finish);
}

/// Newest first.
fn tasks(request: &Request<'_>, of: &Of) -> Result<Vec<Task>, Failure> {
    let sql = "SELECT * FROM tasks WHERE head = ? AND id < ? ORDER BY id DESC LIMIT ?";
    let mut statement = request.transaction.prepare_cached(sql)?;
    let rows = statement.query_map((&of.head, of.page.below(), of.page.limit()), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn progress(request: &Request<'_>, of: &Of) -> Result<Progress, Failure> {
    let sql = "SELECT count(*), count(assignee), count(finished) FROM tasks WHERE head = ?";
    Ok(request.transaction.query_row(sql, [&of.head], |row| {
        Ok(Progress { all: row.get(0)?, assigned: row.get(1)?, finished: row.get(2)? })
    })?)
}

/// A head is a device, and reports what it read.
fn scan(request: &Request<'_>, Scan { code: Code(code) }: &Scan) -> Result<Task, Failure> {
    let head = request.device()?;
    let sql = "SELECT count(*) FROM tasks WHERE head = ? AND finished IS NULL";
    if request.transaction.query_row(sql, [head], |row| row.get::<_, i64>(0))? >= MAX_TO_DO {
        return Err(Refusal::TooMany.into());
    }
    let sql = "INSERT INTO tasks (head, code, title, at)
        VALUES (?1, ?2, coalesce((SELECT title FROM goods WHERE code = ?2), '未知商品'), ?3)";
    request.transaction.execute(sql, (head, code, request.now))?;
    publish(request, request.transaction.last_insert_rowid())
}

/// Gives a task to somebody. A task that somebody has, only that person gives away.
fn assign(request: &Request<'_>, assignment: &Assignment) -> Result<Task, Failure> {
    let me = request.person()?;
    let id = open_for(request, me, &assignment.id)?;
    let assignee = assignment.to.as_ref().map_or(me, |Title(name)| name);
    request.transaction.execute("UPDATE tasks SET assignee = ? WHERE id = ?", (assignee, id))?;
    publish(request, id)
}

/// The task is done, by whoever says so if it was nobody's.
fn finish(request: &Request<'_>, Which { id }: &Which) -> Result<Task, Failure> {
    let me = request.person()?;
    let id = open_for(request, me, id)?;
    let sql = "UPDATE tasks SET assignee = ?, finished = ? WHERE id = ?";
    request.transaction.execute(sql, (me, request.now, id))?;
    let task = publish(request, id)?;
    let sql = "DELETE FROM tasks WHERE head = ?1 AND finished IS NOT NULL AND id <=
        (SELECT id FROM tasks WHERE head = ?1 AND finished IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?2)";
    request.transaction.execute(sql, (&task.head, MAX_DONE))?;
    Ok(task)
}

/// The number of a task that is not finished, and nobody else's.
fn open_for(request: &Request<'_>, me: &str, id: &str) -> Result<i64, Failure> {
    let id = id.strip_prefix('t').and_then(number).ok_or(Refusal::NoSuchTask)?;
    let task = load(request, id)?;
    match task.assignee {
        _ if task.finished.is_some() => Err(Refusal::TaskFinished.into()),
        Some(other) if other != me => Err(Refusal::TaskTaken(other).into()),
        _ => Ok(id),
    }
}

fn publish(request: &Request<'_>, id: i64) -> Result<Task, Failure> {
    let task = load(request, id)?;
    request.publish(&format!("scan:{}", task.head), &task)?;
    Ok(task)
}

fn load(request: &Request<'_>, id: i64) -> Result<Task, Failure> {
    let found = request.transaction.query_row("SELECT * FROM tasks WHERE id = ?", [id], read).optional()?;
    Ok(found.ok_or(Refusal::NoSuchTask)?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: format!("t{}", row.get::<_, i64>("id")?),
        head: row.get("head")?,
        code: row.get("code")?,
        title: row.get("title")?,
        at: row.get("at")?,
        assignee: row.get("assignee")?,
        finished: row.get("finished")?,
    })
}
