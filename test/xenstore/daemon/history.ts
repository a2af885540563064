/** Random histories of requests. A deed names what it uses in a way that still means something when earlier deeds are left out. */

import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { XS } from "../../../src/xen/xenstore/wire.ts";

export const SOCKETS = 3;
export const DOMAINS = [1, 2, 3] as const;

/** Clients by number: sockets first, then the guests. */
export type Deed =
	| {
			deed: "ask";
			client: number;
			requests: readonly {
				type: number;
				payload: string;
				/** 0: none; -1: a number that is no transaction; else the nth of the client's open ones. */
				tx: number;
			}[];
	  }
	| { deed: "close"; client: number }
	| {
			deed: "create" | "destroy" | "shutdown" | "dying";
			domid: number;
	  };

/** What a toolstack does for a new domain. */
export const home = (client: number, domid: number): Deed => ({
	deed: "ask",
	client,
	requests: [
		{ type: XS.INTRODUCE, payload: `${domid}\x001\x002\0`, tx: 0 },
		{ type: XS.MKDIR, payload: `/local/domain/${domid}\0`, tx: 0 },
		{
			type: XS.SET_PERMS,
			payload: `/local/domain/${domid}\0n${domid}\0`,
			tx: 0,
		},
	],
});

const PARTS = ["a", "b", "cc", "d-d"];
const TOKENS = ["t", "u", "a longer token"];

export class Generator {
	private readonly random: RandomGenerator;

	constructor(seed: number) {
		this.random = xoroshiro128plus(seed);
	}

	private below(n: number): number {
		return uniformInt(this.random, 0, n - 1);
	}

	private one<T>(list: readonly T[]): T {
		return list[this.below(list.length)] as T;
	}

	/** Picks by weight. */
	private weighed<T>(list: readonly (readonly [number, T])[]): T {
		let at = this.below(list.reduce((sum, [weight]) => sum + weight, 0));
		for (const [weight, what] of list) {
			at -= weight;
			if (at < 0) return what;
		}
		throw new Error("weights do not add up");
	}

	private tail(max: number): string {
		const parts = Array.from({ length: this.below(max + 1) }, () =>
			this.one(PARTS),
		);
		return parts.map((part) => `/${part}`).join("");
	}

	private path(): string {
		return this.weighed<() => string>([
			[10, () => this.tail(3) || "/"],
			[8, () => `/local/domain/${this.one([0, ...DOMAINS])}${this.tail(3)}`],
			[6, () => `${this.one(PARTS)}${this.tail(2)}`],
			[1, () => this.one(["/", "/local", "/local/domain", "/tool"])],
			[1, () => this.one(["//", "/a/", "", "/a b", "@releaseDomain", "@x"])],
		])();
	}

	private value(): string {
		return this.weighed<() => string>([
			[6, () => String(this.below(4))],
			[2, () => ""],
			[2, () => "v".repeat(this.below(60))],
			[1, () => "w".repeat(1900 + this.below(200))],
			[1, () => "\0\x01\xff\n"],
		])();
	}

	/** A root that is a guest's takes the whole store with it, so that is rare. */
	private perms(path: string): string {
		const letter = () => this.one(["n", "n", "r", "w", "b"]);
		const entry = () => letter() + this.one([0, 0, ...DOMAINS, 9]);
		if (path === "/" && this.below(50) > 0) return `${letter()}0\0${entry()}\0`;
		const count = this.weighed([
			[4, 1],
			[4, 2],
			[2, 3],
			[1, 4],
			[1, 5],
			[1, 6],
		] as const);
		return Array.from({ length: count }, () => `${entry()}\0`).join("");
	}

	private watched(): string {
		return this.weighed<() => string>([
			[8, () => this.path()],
			[1, () => "@releaseDomain"],
			[1, () => "@introduceDomain"],
		])();
	}

	private request(): { type: number; payload: string } {
		const domid = () => `${this.one(DOMAINS)}\0`;
		return this.weighed<() => { type: number; payload: string }>([
			[12, () => ({ type: XS.READ, payload: `${this.path()}\0` })],
			[
				24,
				() => ({
					type: XS.WRITE,
					payload: `${this.path()}\0${this.value()}`,
				}),
			],
			[8, () => ({ type: XS.MKDIR, payload: `${this.path()}\0` })],
			[8, () => ({ type: XS.RM, payload: `${this.path()}\0` })],
			[6, () => ({ type: XS.DIRECTORY, payload: `${this.path()}\0` })],
			[
				6,
				() => ({
					type: XS.DIRECTORY_PART,
					payload: `${this.path()}\0${this.below(5)}\0`,
				}),
			],
			[6, () => ({ type: XS.GET_PERMS, payload: `${this.path()}\0` })],
			[
				8,
				() => {
					const path = this.path();
					const payload = `${path}\0${this.perms(path)}`;
					return { type: XS.SET_PERMS, payload };
				},
			],
			[
				8,
				() => ({
					type: XS.WATCH,
					payload: `${this.watched()}\0${this.one(TOKENS)}\0`,
				}),
			],
			[
				3,
				() => ({
					type: XS.UNWATCH,
					payload: `${this.watched()}\0${this.one(TOKENS)}\0`,
				}),
			],
			[5, () => ({ type: XS.TRANSACTION_START, payload: "\0" })],
			[
				6,
				() => ({
					type: XS.TRANSACTION_END,
					payload: this.one(["T\0", "T\0", "T\0", "F\0"]),
				}),
			],
			[1, () => ({ type: XS.GET_DOMAIN_PATH, payload: domid() })],
			[1, () => ({ type: XS.IS_DOMAIN_INTRODUCED, payload: domid() })],
			[3, () => ({ type: XS.INTRODUCE, payload: `${domid()}1\0${2}\0` })],
			[1, () => ({ type: XS.RELEASE, payload: domid() })],
			[1, () => ({ type: XS.RESUME, payload: domid() })],
			[1, () => ({ type: XS.SET_TARGET, payload: domid() + domid() })],
			[1, () => ({ type: XS.RESET_WATCHES, payload: "\0" })],
		])();
	}

	private asked(): { type: number; payload: string; tx: number } {
		const tx = this.weighed<number>([
			[60, 0],
			[40, 1 + this.below(3)],
			[1, -1],
		]);
		return { ...this.request(), tx };
	}

	deed(): Deed {
		const client = this.below(SOCKETS + DOMAINS.length);
		const domid = this.one(DOMAINS);
		return this.weighed<() => Deed>([
			[300, () => ({ deed: "ask", client, requests: [this.asked()] })],
			[
				8,
				() => ({
					deed: "ask",
					client,
					requests: Array.from({ length: 2 + this.below(4) }, () =>
						this.asked(),
					),
				}),
			],
			[10, () => home(this.below(SOCKETS), domid)],
			[1, () => ({ deed: "close", client: this.below(SOCKETS) })],
			[1, () => ({ deed: "shutdown", domid })],
			[1, () => ({ deed: "dying", domid })],
			[2, () => ({ deed: "destroy", domid })],
			[4, () => ({ deed: "create", domid })],
		])();
	}

	history(length: number): Deed[] {
		return Array.from({ length }, () => this.deed());
	}
}
