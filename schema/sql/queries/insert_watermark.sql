INSERT INTO terminal_watermark (terminal, stream, highest, missing_first, missing_next, offset)
