package hob.daemon.control;

import hob.home.SessionId;

/**
 * The process that a command is about.
 *
 * @param session which it belongs to; a new one when it belongs to none yet
 * @param pid at its home
 */
record Subject(SessionId session, int pid) {}
