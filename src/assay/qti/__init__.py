"""Questions in the form other systems read and write: QTI items and the packages they travel in. The only room that reads XML."""
