/* true: do nothing, with success. */
int main(void)
{
	return 0;
}
