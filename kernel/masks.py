"""What of a person is shown where it need not be whole: enough to recognise oneself by, too little to be known by."""


def masked_name(name: str) -> str:
    """Hide all but the last character: 王秀英 is **英."""
    return "*" * max(len(name) - 1, 1) + (name[-1] if len(name) > 1 else "")


def masked_phone(phone: str) -> str:
    """Hide the middle of an E.164 number: +86 139****0001. Another country's shows its last four digits only."""
    if phone.startswith("+86") and len(phone) == len("+8613800138000"):
        return f"+86 {phone[3:6]}****{phone[-4:]}"
    return f"+****{phone[-4:]}"


def masked_id_number(number: str) -> str:
    """Hide all but the first and the last character, which say a region's tenth and a check digit."""
    return f"{number[:1]}{'*' * max(len(number) - 2, 1)}{number[-1:]}"
