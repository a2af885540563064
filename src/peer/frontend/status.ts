/** Statuses as the driver's own code gives them: 0, or `-errno` of xen/errno.h. */
import { type ErrnoName, errnoNumber } from "../../base/errno.ts";

export const failed = (name: ErrnoName): number => -errnoNumber(name);

export const EAGAIN = failed("EAGAIN");
export const EACCES = failed("EACCES");
export const ENOENT = failed("ENOENT");
export const ETIMEDOUT = failed("ETIMEDOUT");
