/**
 * What a process abroad loses by using the network with its home's address: a copy over TCP, as
 * Sprite's authors measured it. One thread.
 */
@NullMarked
package hob.bench.rcp;

import org.jspecify.annotations.NullMarked;
