-- Whether this connection may write at all: 0 is yes.
SELECT toUInt64(getSetting('readonly'))
