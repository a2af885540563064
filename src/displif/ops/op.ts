import {
	type Fields,
	type Struct,
	struct,
	u8,
	u16,
} from "../../base/struct.ts";

/** Everything declarative about one request of displif.h. */
export interface Op<
	N extends string = string,
	R extends Fields = Fields,
	S extends Fields = Fields,
> {
	/** As in XENDISPL_OP_*. */
	name: N;
	code: number;
	/** The header's name of the body: `struct …`. */
	struct: string;
	/** The body's name in the union `op` of struct xendispl_req. */
	member: string;
	/** Version of the protocol that brought it. */
	since: 1 | 2;
	/** Which request ring it must use. */
	ring: "connector 0" | "its connector";
	/** One sentence. */
	says: string;
	/** The whole packet of 64 octets: header and body. */
	request: Struct<typeof REQUEST_HEAD & R>;
	/** Octets in the response's body, which begins at 8. */
	response: S;
	/** Ids of the requirement catalogue. */
	requirements: readonly string[];
}

/** struct xendispl_req: id, operation, five reserved octets, then the body. */
export const REQUEST_HEAD = { id: u16(0), operation: u8(2) } as const;
export const PACKET_OCTETS = 64;

export function op<
	const N extends string,
	const R extends Fields,
	const S extends Fields,
>(made: {
	name: N;
	code: number;
	struct: string;
	member: string;
	since: 1 | 2;
	ring: Op["ring"];
	says: string;
	/** Body fields, offsets from the start of the packet. */
	body: R;
	response?: S;
	requirements: readonly string[];
}): Op<N, R, S> {
	const { body, response, ...rest } = made;
	return {
		...rest,
		request: struct(`xendispl_req.${made.name}`, PACKET_OCTETS, {
			...REQUEST_HEAD,
			...body,
		}) as Op<N, R, S>["request"],
		response: (response ?? {}) as S,
	};
}
