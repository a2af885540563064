/** Messages of io/xs_wire.h: a header of four little-endian u32 (type, req_id, tx_id, len), then len octets. */

import { PAYLOAD_MAX } from "./limits.ts";

/** enum xsd_sockmsg_type. 20 was RESTRICT and is no more. */
export const XS = {
	CONTROL: 0,
	DIRECTORY: 1,
	READ: 2,
	GET_PERMS: 3,
	WATCH: 4,
	UNWATCH: 5,
	TRANSACTION_START: 6,
	TRANSACTION_END: 7,
	INTRODUCE: 8,
	RELEASE: 9,
	GET_DOMAIN_PATH: 10,
	WRITE: 11,
	MKDIR: 12,
	RM: 13,
	SET_PERMS: 14,
	WATCH_EVENT: 15,
	ERROR: 16,
	IS_DOMAIN_INTRODUCED: 17,
	RESUME: 18,
	SET_TARGET: 19,
	RESET_WATCHES: 21,
	DIRECTORY_PART: 22,
	GET_FEATURE: 23,
	SET_FEATURE: 24,
	GET_QUOTA: 25,
	SET_QUOTA: 26,
} as const;
export type XsType = keyof typeof XS;

export const HEADER_OCTETS = 16;

export interface Header {
	type: number;
	reqId: number;
	txId: number;
	/** Octets of payload. */
	len: number;
}

export interface Message extends Omit<Header, "len"> {
	/** One character an octet. */
	payload: string;
}

export function readHeader(octets: Uint8Array): Header {
	const view = new DataView(octets.buffer, octets.byteOffset);
	return {
		type: view.getUint32(0, true),
		reqId: view.getUint32(4, true),
		txId: view.getUint32(8, true),
		len: view.getUint32(12, true),
	};
}

export function encodeMessage(message: Message): Uint8Array {
	const { payload } = message;
	const octets = new Uint8Array(HEADER_OCTETS + payload.length);
	const view = new DataView(octets.buffer);
	view.setUint32(0, message.type, true);
	view.setUint32(4, message.reqId, true);
	view.setUint32(8, message.txId, true);
	view.setUint32(12, payload.length, true);
	for (let i = 0; i < payload.length; i++)
		octets[HEADER_OCTETS + i] = payload.charCodeAt(i);
	return octets;
}

export function latin1(octets: Uint8Array): string {
	let text = "";
	for (const octet of octets) text += String.fromCharCode(octet);
	return text;
}

/** Puts messages together from octets as they come; says when a message breaks the protocol. */
export class MessageReader {
	private header: Header | undefined;
	private buffer = new Uint8Array(HEADER_OCTETS);
	private filled = 0;

	/** Octets that the current part still lacks: ask for no more than this. */
	get wants(): number {
		return this.buffer.length - this.filled;
	}

	/** Whether a payload is being read. */
	get inPayload(): boolean {
		return this.header !== undefined;
	}

	/** Take octets. A whole message, `oversize`, or undefined while it is not complete. */
	take(octets: Uint8Array): Message | "oversize" | undefined {
		this.buffer.set(octets, this.filled);
		this.filled += octets.length;
		if (this.wants > 0) return undefined;
		if (this.header === undefined) {
			const header = readHeader(this.buffer);
			if (header.len > PAYLOAD_MAX) return "oversize";
			this.header = header;
			this.start(header.len);
			if (header.len > 0) return undefined;
		}
		const { type, reqId, txId } = this.header;
		const message = { type, reqId, txId, payload: latin1(this.buffer) };
		this.reset();
		return message;
	}

	reset(): void {
		this.header = undefined;
		this.start(HEADER_OCTETS);
	}

	private start(octets: number): void {
		this.buffer = new Uint8Array(octets);
		this.filled = 0;
	}
}
