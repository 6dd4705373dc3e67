/*
 * The BASE extension.
 */
#include "sbi/base.h"
#include "sbi/sbi.h"
#include "sbi/text.h"

enum base_fid {
	BASE_SPEC_VERSION,
	BASE_IMPL_ID,
	BASE_IMPL_VERSION,
	BASE_PROBE,
	BASE_MVENDORID,
	BASE_MARCHID,
	BASE_MIMPID,
};

enum impl_id { IMPL_OPENSBI = 1, IMPL_KVM = 3, IMPL_RUSTSBI, IMPL_HSS = 8 };

static const char *const impl_names[] = {
	"BBL",    "OpenSBI", "Xvisor",        "KVM",      "RustSBI", "Diosix",
	"Coffer", "Xen",     "PolarFire HSS", "coreboot", "oreboot", "bhyve",
};

static unsigned long base_get(enum base_fid fid)
{
	struct sbiret ret = sbi_ecall0(SBI_EXT_BASE, fid);

	return ret.error ? 0 : ret.value;
}

uint32_t sbi_base_spec_version(void)
{
	struct sbiret ret = sbi_ecall0(SBI_EXT_BASE, BASE_SPEC_VERSION);

	return ret.error ? 1 : (uint32_t)ret.value;
}

unsigned long sbi_base_impl_id(void)
{
	return base_get(BASE_IMPL_ID);
}

unsigned long sbi_base_impl_version(void)
{
	return base_get(BASE_IMPL_VERSION);
}

unsigned long sbi_base_probe(uint32_t eid)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_BASE, BASE_PROBE, eid);

	return ret.error ? 0 : ret.value;
}

unsigned long sbi_base_mvendorid(void)
{
	return base_get(BASE_MVENDORID);
}

unsigned long sbi_base_marchid(void)
{
	return base_get(BASE_MARCHID);
}

unsigned long sbi_base_mimpid(void)
{
	return base_get(BASE_MIMPID);
}

const char *sbi_impl_name(unsigned long impl_id)
{
	if (impl_id >= sizeof(impl_names) / sizeof(impl_names[0]))
		return NULL;
	return impl_names[impl_id];
}

unsigned int sbi_spec_major(void)
{
	return SBI_SPEC_MAJOR(sbi_base_spec_version());
}

unsigned int sbi_spec_minor(void)
{
	return SBI_SPEC_MINOR(sbi_base_spec_version());
}

const char *sbi_impl_name_now(void)
{
	const char *name = NULL;

	if (sbi_probe(SBI_EXT_BASE))
		name = sbi_impl_name(sbi_base_impl_id());
	return name ? name : "unknown firmware";
}

char *sbi_impl_version_text(unsigned long impl_id, unsigned long version,
			    char *buf, size_t size)
{
	struct sbi_text t = { buf, size, 0 };

	switch (impl_id) {
	case IMPL_OPENSBI:
	case IMPL_HSS:
		sbi_text_number(&t, version >> 16, 10);
		sbi_text_char(&t, '.');
		sbi_text_number(&t, version & 0xffff, 10);
		break;
	case IMPL_KVM:
	case IMPL_RUSTSBI:
		sbi_text_number(&t, version >> 16, 10);
		sbi_text_char(&t, '.');
		sbi_text_number(&t, version >> 8 & 0xff, 10);
		sbi_text_char(&t, '.');
		sbi_text_number(&t, version & 0xff, 10);
		break;
	default:
		sbi_text_string(&t, "0x");
		sbi_text_number(&t, version, 16);
	}
	return buf;
}
