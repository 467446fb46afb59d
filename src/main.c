#include <stdio.h>

int main(void)
{
	puts("sysgrok");
	return 0;
}
