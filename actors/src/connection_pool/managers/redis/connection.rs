use std::fmt;
use std::io;
use std::time::Duration;

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::{Cmd, Pipeline, RedisError, RedisFuture, RedisResult, Value, cmd};
use patterns_core::context::{Interrupt, interruptible};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::session::{Effect, Session};
use crate::connection_pool::OnReturn;
use crate::connection_pool::managers::linger::Driver;

/// An open connection to Redis, for one user at a time.
///
/// Made by a [`RedisManager`](super::RedisManager); see the [module](super). Each command obeys the ambient token and
/// deadline, and the manager's `response_timeout`: it then fails with an error that
/// [is one of I/O](RedisError::is_io_error) and has the [`Interrupt`] as its source, and the connection waits for the
/// answer before its next user gets it.
pub struct RedisConnection {
    connection: MultiplexedConnection,
    driver: Driver<()>,
    session: Session,
    response_timeout: Duration,
}

impl RedisConnection {
    pub(super) fn new(connection: MultiplexedConnection, driver: Driver<()>, response_timeout: Duration) -> Self {
        Self { connection, driver, session: Session::default(), response_timeout }
    }

    /// Asks for an answer that nobody else can have asked for.
    pub(super) async fn check(&mut self) -> RedisResult<()> {
        if self.session.is_watching() {
            cmd("UNWATCH").exec_async(&mut self.connection).await?;
        }
        cmd("PING").exec_async(&mut self.connection).await?;
        self.session.tidied();
        Ok(())
    }

    pub(super) fn on_return(&mut self) -> OnReturn {
        if self.driver.is_over() || self.session.is_spoilt() {
            OnReturn::Discard
        } else if self.session.needs_check() {
            OnReturn::Check
        } else {
            OnReturn::Reuse
        }
    }

    /// Takes leave, and waits until the server has closed the connection.
    pub(super) async fn close(self) {
        let Self { mut connection, driver, mut session, .. } = self;
        let answers = !driver.is_over() && !session.is_spoilt() && !session.needs_check();
        if answers {
            let _ = cmd("QUIT").exec_async(&mut connection).await;
        }
        drop(connection);
        driver.over().await;
    }

    /// What became of a question, where it was answered.
    fn settle<T>(&mut self, answer: Result<Result<RedisResult<T>, Elapsed>, Interrupt>) -> RedisResult<T> {
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(elapsed)) => return Err(io::Error::new(io::ErrorKind::TimedOut, elapsed).into()),
            Err(interrupt) if interrupt.is_deadline() => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, interrupt).into());
            }
            Err(interrupt) => return Err(io::Error::other(interrupt).into()),
        };
        if answer.as_ref().is_err_and(RedisError::is_unrecoverable_error) {
            self.session.broke();
        }
        answer
    }
}

impl ConnectionLike for RedisConnection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            self.session.ask(Effect::of(cmd));
            let answer = timeout(self.response_timeout, self.connection.send_packed_command(cmd));
            let answer = interruptible(answer).await;
            let answered = matches!(&answer, Ok(Ok(_)));
            let answer = self.settle(answer);
            if answered {
                self.session.answered();
            }
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let effects = || pipeline.cmd_iter().map(Effect::of);
            self.session.ask(effects().max().unwrap_or(Effect::Nothing));
            let answer = self.connection.send_packed_commands(pipeline, offset, count);
            let answer = interruptible(timeout(self.response_timeout, answer)).await;
            let answered = matches!(&answer, Ok(Ok(_)));
            let answer = self.settle(answer);
            if answered {
                self.session.answered_all(effects());
            }
            answer
        })
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnection").field("session", &self.session).finish_non_exhaustive()
    }
}
