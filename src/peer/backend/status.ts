/** Statuses as the backend's own code gives them: 0, or `-errno` of xen/errno.h. */
import { type ErrnoName, errnoNumber } from "../../base/errno.ts";
import {
	GNTST_bad_domain,
	GNTST_bad_page,
	GNTST_eagain,
	GNTST_no_space,
	GNTST_permission_denied,
} from "../../xen/abi/grant-table.ts";

export const refused = (name: ErrnoName): number => -errnoNumber(name);

export const EAGAIN = refused("EAGAIN");
export const EBUSY = refused("EBUSY");
export const EINVAL = refused("EINVAL");
export const EIO = refused("EIO");
export const ENOENT = refused("ENOENT");

/** A status other than 0 as a negative errno, also when it was no errno. */
export const asErrno = (status: number): number => (status < 0 ? status : EIO);

/** GNTST_* as -errno: what a response may carry. */
export function grantStatus(status: number): number {
	switch (status) {
		case 0:
			return 0;
		case GNTST_bad_domain:
			return refused("ESRCH");
		case GNTST_bad_page:
			return refused("EFAULT");
		case GNTST_eagain:
			return EAGAIN;
		case GNTST_no_space:
			return refused("ENOSPC");
		case GNTST_permission_denied:
			return refused("EPERM");
		default:
			return EINVAL;
	}
}
