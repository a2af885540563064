/** The recorded conversations with real daemons: fixtures/xenstore/oracle.json, whose `conventions` explain the form. */

import { readFileSync } from "node:fs";

export interface Sent {
	type: string;
	typeId: number;
	tx?: number | string;
	payload: string;
	split?: boolean;
}

export interface Received {
	type: string;
	payload: string;
	hdr?: { req_id: number; tx_id: number };
	/** In a burst: which request it answers. */
	of?: number;
}

export interface Result {
	reply?: Received | null;
	before?: Received[];
	after?: Received[];
	others?: Record<string, Received[]>;
	ring?: Record<string, number>;
	stream?: Received[];
	runs?: { fromIndex: number; reply: Received }[];
	connectionClosed?: boolean;
	noReply?: boolean;
	capture?: string;
	captureChanged?: boolean;
}

export interface Step extends Result {
	conn?: string;
	req?: Sent;
	raw?: {
		type: number;
		req_id: number;
		tx_id: number;
		len: number;
		body: string;
	};
	burst?: Sent[];
	loop?: Sent & { template: string; count: number };
	action?: { what: string; domid?: number; conn?: string };
	byDaemon?: Record<string, Result>;
}

export interface Case {
	id: string;
	title: string;
	connections: Record<string, string>;
	domains?: number[];
	checks?: [string, ...string[]][];
	steps: Step[];
}

export const CASES: readonly Case[] = (
	JSON.parse(
		readFileSync(
			new URL("../../fixtures/xenstore/oracle.json", import.meta.url),
			"utf8",
		),
	) as { cases: Case[] }
).cases;

/** What a daemon did in a step: its own row, else what all did. */
export const expected = (step: Step, daemon: string): Result =>
	step.byDaemon?.[daemon] ?? step;
