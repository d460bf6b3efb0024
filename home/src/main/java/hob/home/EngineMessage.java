package hob.home;

/**
 * What one engine tells another of a session, carried by the daemons without looking inside.
 *
 * @param session whose
 * @param incarnation the sender's knowledge; a receiver that knows a larger one drops the message
 * @param payload serialised {@code hob.home.proto.EngineEvent}
 */
public record EngineMessage(SessionId session, long incarnation, byte[] payload) {}
