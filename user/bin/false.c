/* false: do nothing, without success. */
int main(void)
{
	return 1;
}
