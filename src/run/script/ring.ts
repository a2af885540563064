/**
 * The ends of a request ring as a scripted side holds them: they keep no promise by themselves and expect none. Indexes that the scenario has
 * stored by hand are followed where they make sense, so that a ring can be used again after it was abused.
 */
import { BackRing, distance, FrontRing, RING_SLOTS } from "../../xen/ring.ts";

export class ScriptFrontRing extends FrontRing {
	/** Slots that may be filled. A backend that answers twice has freed no more than there are. */
	override get free(): number {
		const used = distance(this.prod, this.cons);
		return used > RING_SLOTS ? RING_SLOTS : RING_SLOTS - used;
	}

	protected override bound(): number {
		return RING_SLOTS;
	}

	/** The scenario has stored req_prod. */
	follow(value: number): void {
		const fresh = this.untouched();
		this.published = value;
		if (fresh || distance(value, this.prod) <= RING_SLOTS) this.prod = value;
	}

	/** The scenario has stored the backend's index before anything was sent: both ends begin there. */
	followPeer(value: number): void {
		if (this.untouched()) this.cons = value;
	}

	/** Nothing was put on the ring yet, wherever its indexes begin. */
	private untouched(): boolean {
		return !this.used;
	}
	private used = false;

	override *put(packet: ArrayLike<number>) {
		this.used = true;
		yield* super.put(packet);
	}
}

export class ScriptBackRing extends BackRing {
	protected override bound(): number {
		return RING_SLOTS;
	}

	/** The scenario has stored rsp_prod. */
	follow(value: number): void {
		this.published = value;
		if (distance(value, this.prod) <= RING_SLOTS) this.prod = value;
	}
}
